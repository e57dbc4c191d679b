"""Metrics, intervals and calibration of labels and scores, without TensorFlow."""
