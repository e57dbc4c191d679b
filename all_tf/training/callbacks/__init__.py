"""What happens at the end of steps and epochs, as Keras callbacks."""
