"""Check whether this machine is ready to train, and say which rows fit and how long they take."""

from all_tf.commands.doctor import main

if __name__ == "__main__":
    main()
