"""Rank likely label errors and hard cells for a person to look at."""

from all_tf.commands.review import main

if __name__ == "__main__":
    main()
