"""Data to learn from: public data sets, people's drawings, and drawings that are made."""
