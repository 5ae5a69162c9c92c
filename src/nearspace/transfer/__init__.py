"""A Space carried over to the next task: labels from few examples."""
