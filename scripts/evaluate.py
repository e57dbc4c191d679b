"""Evaluate a finished run on a split of its records, or of others."""

from all_tf.commands.evaluate import main

if __name__ == "__main__":
    main()
