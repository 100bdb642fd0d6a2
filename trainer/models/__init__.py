"""Models: architectures by name, and the activations within them."""
