"""Requests on their way through the scheduler, and what comes back."""

from collections.abc import Callable
from dataclasses import dataclass

from inference.local.answer import Answer, AnswerDelta, Finish
from inference.local.generators import Work


@dataclass(frozen=True)
class JobFailure:
    """Generation broke; no more events come."""

    message: str


Event = AnswerDelta | Finish | JobFailure


class BacklogFull(Exception):
    """No place to wait: so many do already. Try again after `retry_after` whole seconds."""

    def __init__(self, seconds: int, waiting: int) -> None:
        super().__init__(f"{waiting} requests wait already; try again in {seconds} s")
        self.retry_after = seconds


@dataclass(eq=False)
class Job:
    """One request on its way. `sink` gets its events on the scheduler's thread, Finish or Failure
    last; after `cancel` it gets none."""

    work: Work
    answer: Answer
    rank: int
    sink: Callable[[Event], None]
    cancelled: bool = False
    started_at: float = 0.0
