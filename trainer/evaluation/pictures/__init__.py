"""Measures a folder of labeled pictures: `python -m trainer benchmark --pictures FOLDER`.

Each picture takes the path of an upload to the web app: `decode`, then `Recognizer.read_as`.
"""
