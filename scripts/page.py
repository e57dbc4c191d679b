"""Show a page that answers for pictures of cells with a finished run, and an API beside it."""

from all_tf.commands.page import main

if __name__ == "__main__":
    main()
