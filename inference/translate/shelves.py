"""What providers hold for callers, as data: where it is reached, and which of its members are ids.

Sources: OpenAI's API reference ("Files", "Batches") and Anthropic's ("Message Batches", "Files").
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from inference.translate.batch_usage import Read, of_message, of_response
from inference.values.seal import Seal

_DOCUMENT: Final = msgspec.json.Decoder(dict[str, Any])
_NAMED: Final = re.compile(
    rb'"(?:file_id|input_file_id)"\s*:\s*"([^"\\]{1,300}_sealed_[A-Za-z0-9_-]{24})"'
)
"""A member that names a file, and what looks like a sealed id. In a text the quotes are escaped."""
SEAM: Final = b"_sealed_"


class NotGiven(Exception):
    """An id in a request that the one who is asked has not given to this key."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@dataclass(frozen=True, slots=True)
class Shelf:
    """One sort of objects."""

    name: str
    """The request type that makes one."""
    path: str
    """Below `/v1` here, and below the base URL of a provider."""
    noun: str
    ids: tuple[str, ...] = ("id",)
    """Members that are ids, of the object itself first."""
    methods: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of what stands behind an id in a path."""
    contents: str = ""
    """What stands there where the object's contents are read."""
    usage: Read | None = None
    """How a line of the contents tells what it used."""
    is_anthropics: bool = False
    """Lists are paged by `before_id` and `after_id`, or by `page`; else by `after`."""
    results: Callable[[str], str] | None = None
    """The address of a batch's results here, given its id."""
    lasts: bool = True
    """What was said of it once stays so."""

    def sealed(self, document: dict[str, Any], seal: Seal) -> dict[str, Any]:
        """An object as its key may see it.

        Its results are read here, not at the provider, which knows nothing of this key: the
        address has no host, and SDKs resolve it against their base URL.
        """
        told = {**document}
        for name in self.ids:
            if isinstance(told.get(name), str) and told[name]:
                told[name] = seal.seal(told[name])
        if self.results is not None and told.get("results_url"):
            told["results_url"] = self.results(told["id"])
        return told


def document_of(body: bytes) -> dict[str, Any]:
    """Raises `BROKEN_JSON`."""
    return _DOCUMENT.decode(body)


def with_own_ids(body: bytes, seal: Seal | None) -> bytes:
    """A request in which files are called as their holder calls them.

    Nothing is looked at where no sealed id is in it. Raises `NotGiven`.
    """
    if SEAM not in body:
        return body

    def opened(found: re.Match[bytes]) -> bytes:
        name = found[1].decode("utf-8", "replace")
        own = seal.open(name) if seal is not None else None
        if own is None:
            raise NotGiven(name)
        start, end = found.start(1) - found.start(), found.end(1) - found.start()
        return found[0][:start] + own.encode() + found[0][end:]

    return _NAMED.sub(opened, body)


FILES: Final = Shelf(
    "files",
    "/files",
    "file",
    methods={"": ("GET", "DELETE"), "/content": ("GET",)},
    contents="/content",
    usage=of_response,
)
FILE_BATCHES: Final = Shelf(
    "file_batches",
    "/batches",
    "batch",
    ("id", "input_file_id", "output_file_id", "error_file_id"),
    {"": ("GET",), "/cancel": ("POST",)},
    lasts=False,
)
MESSAGE_BATCHES: Final = Shelf(
    "batches",
    "/messages/batches",
    "batch",
    methods={"": ("GET", "DELETE"), "/cancel": ("POST",), "/results": ("GET",)},
    contents="/results",
    usage=of_message,
    is_anthropics=True,
    results=lambda name: f"/v1/messages/batches/{name}/results",
    lasts=False,
)
MESSAGE_FILES: Final = Shelf(
    "message_files",
    "/files",
    "file",
    methods={"": ("GET", "DELETE"), "/content": ("GET",)},
    contents="/content",
    is_anthropics=True,
)
SHELVES: Final = (MESSAGE_BATCHES, FILE_BATCHES, FILES, MESSAGE_FILES)
