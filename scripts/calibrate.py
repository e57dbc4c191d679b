"""Fit temperature, bias and threshold of a finished run to labelled cells of your own."""

from all_tf.commands.calibrate import main

if __name__ == "__main__":
    main()
