"""Segmentation of a number into its digits.

A number is oversegmented: `segments` divides the ink into segments, and `cuts` cuts those that may
be several touching digits. `candidates` lists the runs of neighboring segments that may be one
digit, and `joining` chooses those that read best as digits.
"""
