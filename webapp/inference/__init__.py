"""Predictions: the models, their versions, and what they answer."""
