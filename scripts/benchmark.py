"""Measure speed, growth, the cutting of fields, or refusals; prints one JSON object."""

from all_tf.commands.benchmark import main

if __name__ == "__main__":
    main()
