"""Pen strokes: records as files, the UNIPEN archive, and the templates of synthetic digits."""
