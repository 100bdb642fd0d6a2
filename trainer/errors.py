"""The exception for errors that the user can act on."""


class TrainerError(Exception):
    """An error with a message for the user; the command line prints it without a traceback."""
