"""The trainer: recognition, data sets, architectures, training, evaluation, export."""

__version__ = "0.1.0"
"""The version of the distribution: of the wheel, the OpenAPI document and the cards of models."""
