"""Draw synthetic cells in the layout of C-NMC 2019, to try everything without the real images."""

from all_tf.commands.make_synthetic import main

if __name__ == "__main__":
    main()
