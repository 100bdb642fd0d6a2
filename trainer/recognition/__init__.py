"""Everything that reads a picture: from the bytes of a file to a prediction.

No torch here: this is the only part of the trainer that the web app imports.
"""
