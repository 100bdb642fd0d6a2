"""Data sets: public ones, corrected drawings, one's own images, and synthetic data."""
