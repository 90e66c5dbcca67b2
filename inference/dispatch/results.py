"""What a dispatch ends in: a committed stream, a whole answer, or nothing left to try."""

from __future__ import annotations

from dataclasses import dataclass

from governance.routing.plan import Candidate
from inference.dispatch.deadlines import Deadlines
from inference.dispatch.failures import Failure
from inference.translate.base import Answer, StreamTranslator, Translator
from inference.upstream import Reply


@dataclass(slots=True)
class StreamResult:
    """A committed stream: `first` is ready for the caller, the rest comes from `reply`."""

    candidate: Candidate
    pair: Translator
    relay: StreamTranslator
    reply: Reply
    watch: Deadlines
    first: bytes
    ended: bool
    """The upstream has nothing more to say."""
    dropped: tuple[str, ...]


@dataclass(slots=True)
class WholeResult:
    """A complete answer."""

    candidate: Candidate
    answer: Answer
    dropped: tuple[str, ...]


@dataclass(slots=True)
class Exhausted:
    """No candidate answered; `failure` is the last one."""

    failure: Failure
    body: bytes | None = None
    """The upstream's own error in the caller's protocol, when it sent one."""
    unmodified: bool = False
    """`body` is what the upstream sent, which speaks the caller's protocol."""
