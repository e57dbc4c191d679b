"""Draw what a network sees: cells before augmentation and after it, at its first steps."""

from all_tf.commands.show_batch import main

if __name__ == "__main__":
    main()
