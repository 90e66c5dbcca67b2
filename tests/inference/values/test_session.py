"""The conversation of a request, by the names of its clients."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import msgspec
import pytest

from inference.endpoints.registry import BY_REQUEST_TYPE
from inference.values.session import sticky_session

CHAT = {"messages": [{"role": "user", "content": "x"}]}


def session(fields: dict[str, Any], headers: dict[bytes, bytes] | None = None) -> str:
    body = msgspec.json.encode({**CHAT, **fields})
    return BY_REQUEST_TYPE["chat"].read(body, headers or {}).session


@pytest.mark.parametrize(
    ("fields", "headers"),
    [
        ({}, {b"x-session-id": b"s"}),
        ({}, {b"x-claude-code-session-id": b"s"}),
        ({}, {b"session_id": b"s"}),
        ({"session_id": "s"}, {}),
        ({"conversation": {"id": "s"}}, {}),
        ({"prompt_cache_key": "s", "metadata": {"user_id": "no"}}, {}),
        ({"metadata": {"user_id": "s"}}, {}),
        ({"prompt_cache_key": "no"}, {b"x-session-id": b"s"}),
        ({"session_id": 5, "prompt_cache_key": "s"}, {b"x-session-id": b" "}),
    ],
)
def test_it_works(fields: dict[str, Any], headers: dict[bytes, bytes]) -> None:
    assert session(fields, headers) == "s"


def test_none_and_too_long() -> None:
    assert session({}) == session({"metadata": {"user_id": None}}) == ""
    assert session({"session_id": "a\0" * 500}) == "a" * 200


def test_a_long_prompt_without_one_is_known_by_its_beginning() -> None:
    """The hash is of the bytes as they came: of system and tools, then of the turns up to the
    first of the user."""
    first = '[{"role": "system", "content": "s"},  {"role":"user","content": "' + "x " * 4000 + '"}'
    tools = '[{"type": "function", "function": {"name": "f"}}]'

    def known(turns: str) -> str:
        body = f'{{"messages": {turns}, "tools": {tools}}}'.encode()
        return sticky_session(BY_REQUEST_TYPE["chat"].read(body, {}))

    turns = [first + "]", first + ', {"role": "assistant", "content": "y"}]']
    hashed = hashlib.blake2b(tools.encode(), digest_size=16)
    hashed.update(b'{"role": "system", "content": "s"}')
    hashed.update(first.partition(",  ")[2].encode())
    assert [known(one) for one in turns] == [hashed.hexdigest()] * 2
    assert known(turns[0].replace("x", "z")) != hashed.hexdigest()


def test_of_a_part_of_a_megabyte_both_ends_and_the_length_are_hashed() -> None:
    def known(text: str) -> str:
        body = json.dumps({"messages": [{"role": "user", "content": text}]}).encode()
        return sticky_session(BY_REQUEST_TYPE["chat"].read(body, {}))

    long = "word " * 200_000
    assert known(long) == known(long)
    others = {known(text) for text in (long, "x" + long[1:], long[:-1] + "x", long + "word ")}
    assert len(others) == 4
