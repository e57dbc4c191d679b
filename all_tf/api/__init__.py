"""What notebooks and other programs call: `import all_tf` gives it, and the commands use it."""
