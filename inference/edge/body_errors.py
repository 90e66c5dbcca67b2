"""Why a body is not read to its end."""


class BodyTooLarge(Exception):
    """The body is over the limit, by its announced or by its real length."""


class CallerLeft(Exception):
    """The caller closed the connection before the request was complete."""
