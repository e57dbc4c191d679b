"""Check that a run is as it was written: recompute every metric, hash every file."""

from all_tf.commands.verify import main

if __name__ == "__main__":
    main()
