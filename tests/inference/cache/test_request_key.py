"""A request is recognised whatever way it is written, and never taken for another one."""

from __future__ import annotations

import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.cache.request_key import LONGEST, Ambiguous, request_key
from inference.endpoints.registry import BY_REQUEST_TYPE
from inference.values.parsed_request import ParsedRequest

BODY: dict[str, Any] = {
    "model": "light/a",
    "messages": [
        {"role": "system", "content": "Short, please. é \u2028 \U0001f600"},
        {"role": "user", "content": [{"type": "text", "text": "hi"}]},
    ],
    "temperature": 1,
    "seed": 7,
    "response_format": {"type": "json_schema", "json_schema": {"b": 1, "a": 0.5}},
}
SECRET = b"s" * 32


def parsed(body: dict[str, Any] | bytes, headers: dict[bytes, bytes] | None = None) -> Any:
    written = body if isinstance(body, bytes) else json.dumps(body).encode()
    return BY_REQUEST_TYPE["chat"].parse(written, headers or {})


def key(
    request: ParsedRequest,
    path: str = "/v1/chat/completions",
    profile: str = "rp-1",
    alias: str | None = "a",
    owner: str = "key:1",
    secret: bytes = SECRET,
) -> bytes:
    return request_key(request, path, profile, alias, owner, secret)


PLAIN = key(parsed(BODY))


def test_it_works() -> None:
    assert len(PLAIN) == 32
    assert key(parsed(BODY)) == PLAIN


@pytest.mark.parametrize(
    "more",
    [
        {"model": "anything/else"},
        {"user": "u-1"},
        {"safety_identifier": "u-1"},
        {"prompt_cache_key": "p"},
        {"session_id": "s"},
        {"x_session_id": "s"},
        {"metadata": {"user_id": "u", "trace_id": "t"}},
        {"routing_profile": "light"},
        {"stream": False},
        {"stop": None},
        {"stream_options": {"include_usage": True}},
    ],
)
def test_what_changes_no_answer_is_left_out(more: dict[str, Any]) -> None:
    assert key(parsed({**BODY, **more})) == PLAIN


@pytest.mark.parametrize(
    "headers",
    [
        {b"x-session-id": b"s"},
        {b"x-claude-code-session-id": b"s"},
        {b"x-request-id": b"r"},
        {b"traceparent": b"00-1-2-01", b"tracestate": b"a=b"},
        {b"x-pointsman-hops": b"abc"},
        {b"authorization": b"Bearer x", b"x-api-key": b"y"},
        {b"cache-control": b"no-cache"},
    ],
)
def test_headers_that_change_no_answer_are_left_out(headers: dict[bytes, bytes]) -> None:
    assert key(parsed(BODY, headers)) == PLAIN


@pytest.mark.parametrize(
    "more",
    [
        {"temperature": 0},
        {"temperature": 1.5},
        {"seed": 8},
        {"stream": True},
        {"max_tokens": 5},
        {"n": 2},
        {"metadata": {"tier": "a"}},
        {"extension_of_somebody": []},
        {"response_format": {"type": "json_schema", "json_schema": {"a": 0.5, "b": 1}}},
        {"messages": [{"role": "user", "content": "hi"}]},
    ],
)
def test_what_changes_the_answer_is_in(more: dict[str, Any]) -> None:
    """The order of a schema's members is one of these: models answer in it."""
    assert key(parsed({**BODY, **more})) != PLAIN


@pytest.mark.parametrize(
    "place",
    [
        {"path": "/v1/messages"},
        {"profile": "rp-2"},
        {"alias": "b"},
        {"alias": None},
        {"owner": "*"},
        {"owner": "key:2"},
        {"secret": b"t" * 32},
    ],
)
def test_where_it_was_asked_and_by_whom_is_in(place: dict[str, Any]) -> None:
    assert key(parsed(BODY), **place) != PLAIN


def test_a_beta_of_the_protocol_is_in() -> None:
    assert key(parsed(BODY, {b"anthropic-beta": b"x"})) != PLAIN


def test_usage_in_a_stream_is_in() -> None:
    stream = {**BODY, "stream": True}
    with_usage = {**stream, "stream_options": {"include_usage": True}}
    assert key(parsed(stream)) != key(parsed(with_usage))


@pytest.mark.parametrize(
    "body",
    [
        b'{"messages":[{"role":"user","content":"a","content":"b"}],"model":"m"}',
        b'{"messages":[{"role":"user","content":"a"}],"seed":1,"seed":2,"model":"m"}',
        b'{"messages":[{"role":"user","content":"' + b"a" * LONGEST + b'"}],"model":"m"}',
    ],
)
def test_what_is_not_certain_is_not_recognised(body: bytes) -> None:
    """Of a member that stands there twice providers read the first or the last."""
    with pytest.raises(Ambiguous):
        key(parsed(body))


TEXT = st.text(max_size=8)
NUMBERS = st.integers(-9, 9) | st.floats(-9, 9, allow_nan=False).map(lambda one: round(one, 2))
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["seed", "n", "x", "logit_bias", "y", "z"])


def written(value: Any, rng: random.Random) -> str:
    """JSON as somebody else writes it: white space, escapes, forms of numbers."""
    space = lambda: rng.choice(["", " ", "\n\t"])  # noqa: E731
    if isinstance(value, bool) or value is None:
        return json.dumps(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=rng.random() < 0.5)
    if isinstance(value, int):
        return rng.choice([f"{value}", f"{value}.0", f"{value}e0"])
    if isinstance(value, float):
        return rng.choice([repr(value), f"{value!r}e0" if "e" not in repr(value) else repr(value)])
    if isinstance(value, list):
        return "[" + ",".join(space() + written(one, rng) + space() for one in value) + "]"
    inner = ",".join(
        f"{space()}{written(name, rng)}{space()}:{space()}{written(one, rng)}"
        for name, one in value.items()
    )
    return "{" + inner + space() + "}"


def asked(fields: dict[str, Any]) -> dict[str, Any]:
    return {"messages": [{"role": "user", "content": "hi"}], "model": "m", "q": fields}


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(NAMES, VALUES, max_size=4), st.randoms(use_true_random=False))
def test_however_it_is_written_it_is_the_same(fields: dict[str, Any], rng: random.Random) -> None:
    body = asked(fields)
    names = list(body)
    rng.shuffle(names)
    other = written({name: body[name] for name in names}, rng).encode()
    assert msgspec.json.decode(other) == body
    assert key(parsed(other)) == key(parsed(body))


def plain(value: Any) -> Any:
    """What JSON says of it: 1 and 1.0 are one number, true and 1 are not."""
    if isinstance(value, dict):
        return tuple((name, plain(one)) for name, one in value.items())
    if isinstance(value, list):
        return ["list", *map(plain, value)]
    return (type(value) is bool, value)


@settings(max_examples=60, deadline=None)
@given(VALUES, VALUES)
def test_another_value_is_another_request(one: Any, other: Any) -> None:
    same = plain(one) == plain(other)
    assert (key(parsed(asked({"v": one}))) == key(parsed(asked({"v": other})))) == same
