"""What asking a candidate may end in beside a whole answer, and what a dispatch may end in."""

from __future__ import annotations

from dataclasses import dataclass

from inference.dispatch.sent_buffer import SentBuffer
from inference.translate.base import StreamTranslator
from inference.upstream import Reply
from inference.values.failures import Failure


@dataclass(slots=True)
class StreamResult:
    """A committed stream: `first` is ready for the caller, the rest comes from `reply`."""

    translator: StreamTranslator
    reply: Reply
    first: bytes
    ended: bool
    """The upstream has nothing more to say."""
    began: float = 0.0
    """Seconds from the start of its attempt to the first token, where that is of interest."""
    sent: SentBuffer | None = None
    """What of it has left, where another target may have to go on with it."""
    signs_of_life: bool = False
    """The upstream tells that it is there while it has nothing to say."""


@dataclass(slots=True)
class Exhausted:
    """No candidate answered; `failure` is the last one."""

    failure: Failure
    body: bytes | None = None
    """The upstream's own error in the caller's protocol, when it sent one."""
    unmodified: bool = False
    """`body` is what the upstream sent, which speaks the caller's protocol."""
    transient: bool = False
    """Some failure of the chain may pass, so that a retry may help."""
    retry_after: float | None = None
    """Seconds until the candidate that may answer earliest, as far as they said."""
