"""Names, lists and nesting have bounds, and what is over one is named with it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from inference.endpoints.registry import BY_REQUEST_TYPE
from inference.values.bounds import NESTING
from inference.values.parsed_request import BadRequest

LEAST: dict[str, dict[str, Any]] = {
    "chat": {"messages": [{"role": "user", "content": "x"}]},
    "messages": {"messages": [{"role": "user", "content": "x"}], "max_tokens": 5},
    "responses": {"input": "x"},
    "completions": {"prompt": "x"},
    "embeddings": {"input": "x"},
}


def refused(kind: str, body: bytes, headers: dict[bytes, bytes] | None = None) -> BadRequest:
    with pytest.raises(BadRequest) as caught:
        BY_REQUEST_TYPE[kind].read(body, headers or {})
    return caught.value


def refusal(kind: str, body: bytes) -> BadRequest | None:
    try:
        BY_REQUEST_TYPE[kind].read(body, {})
    except BadRequest as error:
        return error
    return None


def fits(kind: str, fields: dict[str, Any]) -> None:
    BY_REQUEST_TYPE[kind].read(msgspec.json.encode({**LEAST[kind], **fields}), {})


def nested(levels: int) -> Any:
    value: Any = {}
    for _ in range(levels - 1):
        value = [value] if levels % 2 else {"a": value}
    return value


@pytest.mark.parametrize("kind", LEAST)
@pytest.mark.parametrize("field", ["model", "routing_profile"])
def test_names(kind: str, field: str) -> None:
    fits(kind, {field: "m" * 256})
    error = refused(kind, msgspec.json.encode({**LEAST[kind], field: "m" * 257}))
    assert error.field == field
    assert "256" in error.message


def test_a_hint_of_a_header() -> None:
    body = msgspec.json.encode(LEAST["chat"])
    error = refused("chat", body, {b"x-routing-profile": b"p" * 257})
    assert error.field == "routing_profile"


@pytest.mark.parametrize(
    ("kind", "field", "item", "bound"),
    [
        ("chat", "stop", "x", 16),
        ("completions", "stop", "x", 16),
        ("messages", "stop_sequences", "x", 16),
        ("chat", "tools", {"type": "function"}, 512),
        ("chat", "functions", {"name": "f"}, 512),
        ("messages", "tools", {"name": "f"}, 512),
        ("responses", "tools", {"type": "function"}, 512),
    ],
)
def test_lists(kind: str, field: str, item: Any, bound: int) -> None:
    fits(kind, {field: [item] * bound})
    error = refused(kind, msgspec.json.encode({**LEAST[kind], field: [item] * (bound + 1)}))
    assert error.field == field
    assert str(bound) in error.message


@pytest.mark.parametrize("kind", LEAST)
def test_nesting(kind: str) -> None:
    """The body is the first level."""
    fits(kind, {"extra": nested(NESTING - 1)})
    error = refused(kind, msgspec.json.encode({**LEAST[kind], "extra": nested(NESTING)}))
    assert error.field == "extra"
    assert str(NESTING) in error.message


@pytest.mark.parametrize("text", ["x" * 100_000, "[" * 100_000])
def test_nesting_of_a_long_body(text: str) -> None:
    """Its brackets are looked for in another way."""
    fits("chat", {"metadata": {"a": text}, "x": nested(NESTING - 1)})
    body = msgspec.json.encode({**LEAST["chat"], "metadata": {"a": text}, "x": nested(NESTING)})
    assert "nested" in refused("chat", body).message


def test_brackets_in_texts_are_no_nesting() -> None:
    for text in (
        "[" * 500,
        "{" * 500,
        '"' + "[" * 500,
        "\\" * 7 + '"[[' * 99,
        '\\"' * 3 + "]" * 99,
    ):
        fits("chat", {"messages": [{"role": "user", "content": text}]})


def test_it_stays_quick() -> None:
    """Megabytes of brackets cost a few passes, whatever they are."""
    flat = b'{"messages":[' + b",".join([b'{"role":"user","content":[]}'] * 50_000) + b"]}"
    BY_REQUEST_TYPE["chat"].read(flat, {})
    for hostile in (b"[" * 4_000_000, b"]" * 4_000_000, b'{"a":' * 1_000_000, b'"[' * 2_000_000):
        refused("chat", b'{"messages":' + hostile)


@pytest.mark.parametrize("kind", LEAST)
def test_nulls_and_odd_values_are_never_a_crash(kind: str) -> None:
    prompt = next(iter(LEAST[kind]))
    odd: tuple[Any, ...] = (None, [None], [[None]], {}, [{}], [{"role": None}], 0, True, [0, "x"])
    for value in odd:
        body = msgspec.json.encode({**LEAST[kind], prompt: value})
        error = refusal(kind, body)
        assert error is None or (error.status == 400 and error.field)
