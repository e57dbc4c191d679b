"""Train one network on packed records."""

from all_tf.commands.train import main

if __name__ == "__main__":
    main()
