"""Embeddings come in the form that was asked for."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from inference.endpoints.embeddings import parse
from inference.translate.chat.passthrough import EmbeddingsPassThrough

FLOATS, PACKED = [0.5, -1.0], "AAAAPwAAgL8="


@pytest.mark.parametrize(
    ("asked", "answered", "told"),
    [
        ("base64", FLOATS, PACKED),
        ("base64", PACKED, PACKED),
        ("float", PACKED, FLOATS),
        (None, PACKED, FLOATS),
        (None, FLOATS, FLOATS),
        ("int8", [1, 2], [1, 2]),
        ("float", "no base64!", "no base64!"),
        ("base64", ["x"], ["x"]),
        ("base64", [1e300], [1e300]),
    ],
)
def test_it_works(asked: str | None, answered: Any, told: Any) -> None:
    fields = {"model": "m", "input": ["x"]} | ({"encoding_format": asked} if asked else {})
    request = parse(msgspec.json.encode(fields), {})
    entry = {"object": "embedding", "index": 0, "embedding": answered, "novel": 1}
    body = msgspec.json.encode({"data": [entry], "usage": {"prompt_tokens": 2}, "id": "x"})
    answer = EmbeddingsPassThrough().answer(request, body)
    assert answer.failure is None
    read = msgspec.json.decode(answer.body)
    assert read["data"] == [{**entry, "embedding": told}]
    assert read["id"] == "x"
