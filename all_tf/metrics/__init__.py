"""From arrays of labels and scores to metrics, intervals and calibration; without TensorFlow."""
