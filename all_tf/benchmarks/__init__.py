"""What is fast and what is slow, measured beside what anyone could have instead."""
