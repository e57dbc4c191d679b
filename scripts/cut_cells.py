"""Find the white cells in fields of a smear, and cut each out as C-NMC shows its cells."""

from all_tf.commands.cut_cells import main

if __name__ == "__main__":
    main()
