"""Export a finished run as one file that opens without this project, and prove that it is right."""

from all_tf.commands.export import main

if __name__ == "__main__":
    main()
