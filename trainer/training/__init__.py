"""Training: recipes, the loop, checkpoints, and the folders of runs."""
