"""Kinds of pictures: whole classes of what people send, rendered apart from the trainer's renderer.

A kind is a function (strokes, label, random generator) → the bytes of a picture file, under a name
in a registry. `registry` has them all; a module that adds kinds is listed there. `python -m
tests.kinds` measures how many pictures of each kind are read, and shows those that are not.
"""
