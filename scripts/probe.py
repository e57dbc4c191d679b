"""Test whether a finished run uses more of a cell than its size, its colour and its border."""

from all_tf.commands.probe import main

if __name__ == "__main__":
    main()
