"""What a dispatch ends in: a committed stream, a whole answer, or nothing left to try."""

from __future__ import annotations

from dataclasses import dataclass

from governance.routing.plan import Candidate
from inference.failures import Failure
from inference.http import Reply
from inference.translate.base import Answer, Pair, Relay
from inference.watch import Watch


@dataclass(slots=True)
class Opened:
    """A committed stream: `first` is ready for the caller, the rest comes from `reply`."""

    candidate: Candidate
    pair: Pair
    relay: Relay
    reply: Reply
    watch: Watch
    first: bytes
    ended: bool
    """The upstream has nothing more to say."""
    dropped: tuple[str, ...]


@dataclass(slots=True)
class Whole:
    """A complete answer."""

    candidate: Candidate
    answer: Answer
    dropped: tuple[str, ...]


@dataclass(slots=True)
class GaveUp:
    """No candidate answered; `failure` is the last one."""

    failure: Failure
    body: bytes | None = None
    """The upstream's own error in the caller's protocol, when it sent one."""
    unmodified: bool = False
    """`body` is what the upstream sent, which speaks the caller's protocol."""
