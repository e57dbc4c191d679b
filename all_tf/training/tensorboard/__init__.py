"""What TensorBoard shows of a run: its plan, its charts, its pictures and its results."""
