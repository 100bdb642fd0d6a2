"""Models in torch: architectures by name, and their activations."""
