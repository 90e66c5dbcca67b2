"""What keeps the service from starting, said to a person."""


class StartupError(Exception):
    """The service cannot start; the message says why and what to do, in a sentence or two."""
