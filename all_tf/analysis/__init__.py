"""What a network has learnt: probes, heat maps, doubtful labels."""
