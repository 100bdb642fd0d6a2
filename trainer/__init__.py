"""The trainer: recognition, data sets, architectures, training, evaluation, export."""
