"""Pen strokes as files."""
