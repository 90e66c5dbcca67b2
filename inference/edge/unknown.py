"""Paths that this service does not have, and what a caller may have meant by them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

from inference.edge import response_headers
from inference.edge.answer_writer import AnswerWriter
from inference.edge.consumer import LeanHttpConsumer
from inference.protocols import ANTHROPIC, spoken
from inference.values.error_answer import ErrorAnswer

_VERSION = "/v1"


def misdirected(path: str, paths: Iterable[str]) -> bool:
    """Whether a path is one of `paths` but for the version: a base URL without `/v1`."""
    path = path.rstrip("/")
    return path == _VERSION or any(path == known.removeprefix(_VERSION) for known in paths)


def meant(path: str, paths: Sequence[str]) -> str | None:
    """The path that was probably meant: one whose end it shares, or one that is close."""
    path = "/" + "/".join(filter(None, path.split("/")))
    ends = [known for known in paths if path.endswith(known.removeprefix(_VERSION))]
    if ends:
        return max(ends, key=len)
    close = difflib.get_close_matches(path[:256], paths, 1, 0.8)
    return close[0] if close else None


def unknown_words(path: str, paths: Sequence[str]) -> str:
    """That there is no such path, which was meant, and which there are."""
    guess = meant(path, paths)
    hint = f" Did you mean {guess}?" if guess and guess != path else ""
    return f"There is no {path[:256]} here.{hint} There are: {', '.join(paths)}."


class UnknownPathConsumer(LeanHttpConsumer):
    """404 that says what there is."""

    def __init__(self, *, paths: Sequence[str]) -> None:
        super().__init__()
        self.paths = paths

    def on_head(self) -> ErrorAnswer:
        headers = dict(self.scope["headers"])
        request_id = response_headers.request_id(headers.get(b"x-request-id"))
        path = self.scope["path"]
        anthropic = "/messages" in (meant(path, self.paths) or "")
        protocol = ANTHROPIC if anthropic else spoken(headers)
        self.writer = AnswerWriter(self.base_send, protocol, request_id)
        return ErrorAnswer(404, unknown_words(path, self.paths), "unknown_path")
