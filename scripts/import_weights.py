"""Convert ImageNet weights that exist for PyTorch only to Keras weights of the backbone."""

from all_tf.commands.import_weights import main

if __name__ == "__main__":
    main()
