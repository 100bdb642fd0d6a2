"""Training: recipes, the loop, and runs as folders."""
