"""Put finished runs side by side."""

from all_tf.commands.compare import main

if __name__ == "__main__":
    main()
