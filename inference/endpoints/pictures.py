"""What both endpoints that make images have in common: how their answers are counted."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.translate.metered import MeteredPassThrough, Told, usage_of
from inference.values.parsed_request import ParsedRequest
from inference.values.usage import Usage, with_units

MOST: Final = 1_000
"""Images that a request is taken to want at most, whatever it says."""


def counted(request: ParsedRequest) -> ParsedRequest:
    """The request with how many images it wants; of a form, which is not read so far, one."""
    wanted: object = 1
    if "n" in request.fields:
        wanted = msgspec.json.decode(request.fields["n"])
    images = float(wanted) if isinstance(wanted, int) and 0 < wanted <= MOST else 1.0
    return msgspec.structs.replace(request, units={"images": images})


def images_made(request: ParsedRequest, told: Told) -> Usage | None:
    """Images, and the tokens of newer models. All they make is images, also where their answers
    do not say so."""
    tokens = usage_of(told) or Usage()
    units = dict(tokens.units or {})
    if isinstance(told.usage, dict) and not told.usage.get("output_tokens_details"):
        units["image_completion_tokens"] = tokens.completion
    count = len(told.data) if isinstance(told.data, list) else int(told.type is not None)
    plain = msgspec.structs.replace(tokens, units=msgspec.UNSET)
    return with_units(plain, **{**units, "images": count})


def passed_to(path: str, name: str) -> MeteredPassThrough:
    """`name` is how the types of its events begin."""

    def unrolled(document: dict[str, Any]) -> list[dict[str, Any]]:
        about = {key: value for key, value in document.items() if key not in ("data", "usage")}
        events = [{**about, **one, "type": f"{name}.completed"} for one in document["data"]]
        # What all of them used is told once.
        return [*events[:-1], *({**one, "usage": document.get("usage")} for one in events[-1:])]

    return MeteredPassThrough(path, images_made, holds="data", unrolled=unrolled)
