"""Inference: the loaded models, their versions, predictions and explanations."""
