"""Networks, losses and optimizers in Keras, from the name of an architecture to a classifier."""
