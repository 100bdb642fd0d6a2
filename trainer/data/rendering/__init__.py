"""Rendering: from pen strokes to images of a canvas or a photo, and to preprocessed samples."""
