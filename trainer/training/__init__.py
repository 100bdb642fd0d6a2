"""Training: recipes, the loop, and a run as a folder."""
