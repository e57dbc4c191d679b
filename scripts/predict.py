"""Score images of new cells with a finished run, with all folds, or with several runs together."""

from all_tf.commands.predict import main

if __name__ == "__main__":
    main()
