"""Recognition: everything from the bytes of an image file to a prediction.

Torch-free, and the only part of the trainer that the web app imports. Each module imports only
those listed before it: `array_types`, `labels`, `activation_layout`, `image`, `strokes`,
`preprocess`, `prediction`, `segmentation`, `bundle`, `model_inputs`, `recognizer`, `occlusion`.
"""

__version__ = "0.1.0"
"""The version of the distribution: of the wheel, the OpenAPI document and the cards of models."""
