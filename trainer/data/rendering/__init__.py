"""Renders pen strokes as canvas images or photos, and preprocesses them into samples."""
