"""Recognition: everything from the bytes of an image file to a prediction.

Torch-free; the only part of the trainer that the web app imports. Modules import only those before
them: `array_types`, `labels`, `image`, `strokes`, `preprocess`, `prediction`, `segmentation`,
`bundle`, `recognizer`, `occlusion`.
"""
