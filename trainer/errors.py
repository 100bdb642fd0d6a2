"""What went wrong, in words for the person who called."""


class TrainerError(Exception):
    """An error whose message is meant for the user: the command line prints it without a trace."""
