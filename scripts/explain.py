"""Draw where in a cell a finished run finds evidence for either class."""

from all_tf.commands.explain import main

if __name__ == "__main__":
    main()
