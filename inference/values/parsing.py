"""What reading a request has in common, whatever its protocol: JSON, hints, plain errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar

import msgspec

from governance.routing.heuristics import both_ends
from governance.routing.request import Features
from inference.values.bounds import CHARACTERS, check_characters, check_lengths, check_nesting
from inference.values.parsed_request import BadRequest

HINT_HEADER: Final = b"x-routing-profile"
_ENVELOPE: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_PLACE: Final = re.compile(r"^(?P<rule>.*) - at `\$\.?(?P<path>.*)`$", re.DOTALL)
_TYPES: Final = {
    "`str`": "a string",
    "`int`": "an integer",
    "`float`": "a number",
    "`bool`": "true or false",
    "`array`": "an array",
    "`object`": "an object",
    "`null`": "null",
}
_TYPE_LIST: Final = re.compile(r"`([a-z |]+)`")

T = TypeVar("T", bound=msgspec.Struct)


def envelope(body: bytes) -> dict[str, msgspec.Raw]:
    """The body's fields, each as the caller wrote it. Raises `BadRequest`."""
    if not body.isascii():
        try:
            body.decode()
        except UnicodeDecodeError as error:
            raise BadRequest(f"The body is not valid UTF-8 at byte {error.start}.") from None
    try:
        fields = _ENVELOPE.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        check_nesting(body)
        if isinstance(error, msgspec.ValidationError):
            raise BadRequest("The body must be a JSON object.") from None
        raise not_json(error) from None
    check_nesting(body, fields)
    return fields


def typed(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    """The fields the gateway understands, checked. Raises `BadRequest` naming the field."""
    try:
        fields = decoder.decode(body)
    except msgspec.ValidationError as error:
        raise wrong_type(error) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise not_json(error) from None
    check_lengths(fields)
    return fields


def not_json(error: Exception) -> BadRequest:
    """What the decoder says, without saying twice that this is no JSON."""
    said = str(error).removeprefix("JSON is malformed: ")
    return BadRequest(f"The body is not valid JSON: {_lower(said)}.")


def wrong_type(error: msgspec.ValidationError) -> BadRequest:
    """msgspec's complaint in the words of JSON, with the path of the field."""
    match = _PLACE.match(str(error))
    if match is None:
        return missing(str(error))
    return missing(match["rule"], match["path"])


def missing(rule: str, path: str = "") -> BadRequest:
    absent = re.match(r"Object missing required field `(\w+)`", rule)
    if absent:
        path = f"{path}.{absent[1]}" if path else absent[1]
        return BadRequest(f"`{path}` is required.", path)
    for kind, words in _TYPES.items():
        rule = rule.replace(kind, words)
    rule = _TYPE_LIST.sub(lambda m: " or ".join(_words(k) for k in m[1].split(" | ")), rule)
    return BadRequest(f"`{path}`: {_lower(rule)}.", path)


def _words(kind: str) -> str:
    return _TYPES.get(f"`{kind}`", kind)


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def profile_hint_of(
    profile_hint: str | None, metadata: Mapping[str, Any] | None, headers: Mapping[bytes, bytes]
) -> str | None:
    """The routing profile the caller names: in the body, in its metadata, or in a header."""
    found = _hint(profile_hint, metadata, headers)
    if found is not None:
        check_characters("routing_profile", found, CHARACTERS["routing_profile"])
    return found


def _hint(
    profile_hint: str | None, metadata: Mapping[str, Any] | None, headers: Mapping[bytes, bytes]
) -> str | None:
    if profile_hint is not None:
        return profile_hint
    if metadata is not None and "routing_profile" in metadata:
        raw = metadata["routing_profile"]
        try:
            return msgspec.json.decode(raw, type=str)
        except msgspec.ValidationError:
            raise BadRequest(
                "`metadata.routing_profile`: expected a string.", "metadata.routing_profile"
            ) from None
    header = headers.get(HINT_HEADER)
    return _text(header) if header is not None else None


def _text(header: bytes) -> str:
    """Clients send what ASCII lacks in UTF-8, some in Latin-1."""
    try:
        return header.decode()
    except UnicodeDecodeError:
        return header.decode("latin-1")


def without_hint(
    fields: dict[str, msgspec.Raw], metadata: Mapping[str, Any] | None
) -> dict[str, msgspec.Raw]:
    """The fields without the routing hint, which never reaches an upstream."""
    fields.pop("routing_profile", None)
    if metadata is not None and "routing_profile" in metadata:
        kept = {name: value for name, value in metadata.items() if name != "routing_profile"}
        if kept:
            fields["metadata"] = msgspec.Raw(msgspec.json.encode(kept))
        else:
            fields.pop("metadata", None)
    return fields


def estimated_tokens(characters: int) -> int:
    """A quarter of the characters, rounded up: close enough to choose a profile by."""
    return (characters + 3) // 4


class Survey:
    """What a request holds, counted while walking over it once."""

    def __init__(self) -> None:
        self.required_capabilities: set[str] = {"text"}
        self.characters = 0
        self.images = 0
        self.last_user = ""

    def text(self, text: str) -> None:
        """Text of the prompt, whoever said it."""
        self.characters += len(text)

    def part(self, need: str | None) -> None:
        """A part of a message that needs a modality; None needs nothing beyond text."""
        if need is not None:
            self.required_capabilities.add(need)
            self.images += need == "vision"

    def features(self, *, messages: int, tools: int = 0, reasoning: bool = False) -> Features:
        """What heuristic rules look at; counts tools and reasoning among the needs too."""
        if tools:
            self.required_capabilities.add("tools")
        if reasoning:
            self.required_capabilities.add("reasoning")
        return Features(
            last_user_text=both_ends(self.last_user),
            last_user_characters=len(self.last_user),
            prompt_tokens=estimated_tokens(self.characters),
            messages=messages,
            tools=tools,
            images=self.images,
            reasoning=reasoning,
        )
