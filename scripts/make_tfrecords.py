"""Pack the BMP images of C-NMC 2019 into TFRecords, or cells of your own; check them; refold."""

from all_tf.commands.make_tfrecords import main

if __name__ == "__main__":
    main()
