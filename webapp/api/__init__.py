"""The API, version 1: a resource a file."""
