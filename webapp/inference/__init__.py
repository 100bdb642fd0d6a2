"""Asking the models."""
