"""What a batch used, from its results: a line of JSON for each of its requests.

Sources: Anthropic's API reference ("Retrieve Message Batch results") and OpenAI's ("The request
output object").
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import msgspec

from governance.interactions.record import REQUESTS
from inference.translate.message_counts import Counts
from inference.values.usage import MOST, Usage, of_openai, with_units

ENDED: Final = frozenset({"completed", "expired", "cancelled", "failed"})
LONGEST_LINE: Final = 64 * 1024 * 1024
"""Bytes; a longer one is passed on and not counted."""


class _Message(msgspec.Struct):
    model: str = ""
    usage: Counts | None = None


class _Result(msgspec.Struct):
    type: str = ""
    message: _Message | None = None


class _MessageLine(msgspec.Struct):
    result: _Result


class _Body(msgspec.Struct):
    model: str = ""
    usage: Any = None


class _Response(msgspec.Struct):
    body: _Body | None = None


class _ResponseLine(msgspec.Struct):
    custom_id: str
    response: _Response | None = None


Read = Callable[[bytes], tuple[str, Usage] | None]
"""A line as the model that answered and what it used; None where nobody did."""
_MESSAGE: Final = msgspec.json.Decoder(_MessageLine)
_RESPONSE: Final = msgspec.json.Decoder(_ResponseLine)


def of_message(line: bytes) -> tuple[str, Usage] | None:
    message = _MESSAGE.decode(line).result.message
    if message is None or message.usage is None:
        return None
    return message.model, message.usage.usage()


def of_response(line: bytes) -> tuple[str, Usage] | None:
    response = _RESPONSE.decode(line).response
    usage = of_openai(response.body.usage) if response and response.body else None
    if usage is None or response is None or response.body is None:
        return None
    return response.body.model, usage


def of_file_batch(batch: dict[str, Any]) -> Usage | None:
    """What OpenAI's batch says of itself once it has ended; None before, and where it says nothing.

    Source: OpenAI's API reference, "The batch object".
    """
    if batch.get("status") not in ENDED:
        return None
    usage, counts = of_openai(batch.get("usage")), batch.get("request_counts")
    done = counts.get("completed") if isinstance(counts, dict) else None
    return with_units(usage, **{REQUESTS: done or 1}) if usage is not None and usage.total else None


class BatchUsage:
    """Adds up lines, cut at any byte. What is no line of a result is not counted."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._rest = b""
        self._skips = False
        self.model = ""
        self.requests = 0
        self._sums = [0, 0, 0, 0, 0]

    def feed(self, chunk: bytes) -> None:
        *lines, rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            if not self._skips:
                self._add(line)
            self._skips = False
        self._skips = self._skips or len(rest) > LONGEST_LINE
        self._rest = b"" if self._skips else rest

    def end(self) -> Usage | None:
        """The sum of all; None where nothing was used."""
        self._add(self._rest)
        self._rest = b""
        if not self.requests:
            return None
        prompt, completion, cached, written, reasoning = (min(one, MOST) for one in self._sums)
        sums = Usage(prompt, completion, cached, written, reasoning)
        return with_units(sums, **{REQUESTS: self.requests})

    def _add(self, line: bytes) -> None:
        if not line.strip():
            return
        try:
            found = self._read(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return
        if found is None:
            return
        model, usage = found
        counts = (usage.prompt, usage.completion, usage.cached, usage.cache_written,
                  usage.reasoning)  # fmt: skip
        self._sums = [one + more for one, more in zip(self._sums, counts, strict=True)]
        self.model = self.model or model
        self.requests += 1
