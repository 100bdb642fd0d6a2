"""Data sets: public ones, corrections, your own images, and synthetic data."""
