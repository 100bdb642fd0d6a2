"""Reports of training runs and of the benchmark, and their figures."""
