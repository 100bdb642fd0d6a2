"""Everything that makes a model: data, architectures, training, evaluation, export."""
