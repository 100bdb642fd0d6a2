"""From pen strokes to pictures: a canvas, a photo, another handwriting, a number."""
