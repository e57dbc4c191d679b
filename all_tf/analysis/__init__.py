"""Analysis of trained networks: probes, heat maps, doubtful labels."""
