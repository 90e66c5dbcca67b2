"""What can go wrong between this service and an upstream, below the meaning of a status code."""

import os
import ssl


class UpstreamError(Exception):
    """An exchange with an upstream failed. The message is a sentence free of secrets.

    `cause` says in a few words why, without naming any host: "connection refused", "certificate
    has expired". It is empty where nothing more than the kind of error is known.
    """

    def __init__(self, message: str = "", *, cause: str = "") -> None:
        super().__init__(message)
        self.cause = cause


class ConnectFailed(UpstreamError):
    """No connection was made, so the upstream has seen nothing of the request."""


class ConnectTimedOut(ConnectFailed):
    """No connection was made within the connect timeout (name resolution and TLS included)."""


class UpstreamClosed(UpstreamError):
    """The connection was cut before the response was whole."""


class ProtocolViolation(UpstreamError):
    """The upstream sent what is not HTTP/1.1, or a head beyond the limits."""


class ResponseTooLarge(UpstreamError):
    """The body is larger than the caller of `read_all` allowed."""


class UndecodableBody(UpstreamError):
    """The body's content coding is unknown or broken, or it is text and not UTF-8.

    `code` is a short word for the record.
    """

    def __init__(self, message: str, *, code: str) -> None:
        super().__init__(message)
        self.code = code


def afresh(error: Exception) -> Exception:
    """The same error without its traceback, to be raised in place of one that is kept.

    A traceback holds every frame it went through, the request's body with them. An error that is
    kept and raised would keep them for as long as it is kept itself.
    """
    again = type(error).__new__(type(error), *error.args)
    again.__dict__.update(error.__dict__)
    return again


def reason_of(error: OSError) -> str:
    """The system's words for an error, without the address it adds to them."""
    if isinstance(error, ssl.SSLCertVerificationError):
        # Where the names differ, OpenSSL goes on to say which name was asked for.
        return error.verify_message.partition(", certificate is not valid for")[0].rstrip(".")
    if isinstance(error, ssl.SSLError):  # its number is OpenSSL's, not the system's
        return f"TLS failed ({getattr(error, 'reason', None) or 'no reason given'})"
    return os.strerror(error.errno).lower() if error.errno else str(error)
