"""What this machine has and lacks for a training, check by check."""
