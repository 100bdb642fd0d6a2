"""The pages for people: a page a file."""
