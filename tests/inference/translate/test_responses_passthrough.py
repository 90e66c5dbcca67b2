"""The Responses API on both sides: what leaves, however the upstream's bytes come."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.endpoints.responses import parse
from inference.translate.responses.passthrough import ResponsesPassThrough
from inference.values.failures import Outcome
from inference.values.seal import Seal, secrets_of
from tests.support.responses_provider import events_of

SEAL = Seal(secrets_of(("a",)), "key-1", "native")
PASS = ResponsesPassThrough()
REQUEST = parse(b'{"model": "m", "input": "Hi", "stream": true}', {})
TEXT = 'say "id": "msg_1" \u2028 é'
WHOLE: dict[str, Any] = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "gpt-5.5",
    "incomplete_details": None,
    "error": None,
    "output": [
        {"id": "rs_1", "type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm"}],
         "encrypted_content": "a/b+c=="},
        {"id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
         "content": [{"type": "output_text", "text": TEXT, "annotations": []}]},
    ],
    "usage": {"input_tokens": 3, "output_tokens": 2, "total_tokens": 5},
}  # fmt: skip
STREAM = b"".join(events_of(WHOLE))


def stream(*chunks: bytes, seal: Seal | None = None) -> tuple[Any, bytes]:
    request = msgspec.structs.replace(REQUEST, seal=seal)
    state = PASS.stream(request)
    return state, b"".join(map(state.feed, chunks)) + state.end()


@settings(max_examples=25)
@given(st.lists(st.integers(0, len(STREAM)), max_size=6))
def test_cut_anywhere_every_byte_stays(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    state, out = stream(*(STREAM[a:b] for a, b in pairwise(places)))
    assert out == STREAM
    assert state.finished
    assert (state.usage.prompt, state.finish_reason, state.model) == (3, "stop", "gpt-5.5")


def test_ids_are_sealed_and_nothing_else_is_touched() -> None:
    """Also where the server escapes what it need not."""
    _, out = stream(STREAM, seal=SEAL)
    sealed = {name: SEAL.seal(name) for name in ("resp_1", "rs_1", "msg_1", "a/b+c==")}
    for name, value in sealed.items():
        out = out.replace(f'"{value}"'.encode(), f'"{name}"'.encode())
    assert out == STREAM
    escaped = json.dumps(WHOLE).replace("a/b", "a\\/b").encode()
    told = json.loads(PASS.answer(_sealing(), escaped).body)
    assert told["output"][0]["encrypted_content"] == sealed["a/b+c=="]
    assert told["output"][1]["content"] == WHOLE["output"][1]["content"]


def _sealing() -> Any:
    return msgspec.structs.replace(REQUEST, seal=SEAL)


def test_what_breaks_is_a_failure() -> None:
    begun = STREAM[: STREAM.index(b"event: response.completed")]
    state, out = stream(begun, seal=SEAL)
    assert state.failure.code == "truncated"
    assert state.committed
    assert state.partial["id"] == SEAL.seal("resp_1")
    error = {"code": "rate_limit_exceeded", "message": "Slow down"}
    failed = {"type": "response.failed", "response": {**WHOLE, "status": "failed", "error": error}}
    last = f"event: response.failed\ndata: {json.dumps(failed)}\n\n".encode()
    state, out = stream(begun, last)
    assert out == begun
    assert state.failure.status == 429
    state, _ = stream(STREAM[:400], b"event: x\ndata: {broken\n\n")
    assert not state.committed
    assert state.failure.outcome is Outcome.RETRYABLE
    for body in (b"{}", b"[]", b"<html>", json.dumps(failed["response"]).encode()):
        assert PASS.answer(REQUEST, body).failure is not None


def test_a_whole_answer_for_a_stream_and_the_other_way_round() -> None:
    state, out = stream(json.dumps(WHOLE).encode())
    assert state.finished
    assert out.startswith(b"event: response.created")
    assert (
        PASS.answer(REQUEST, STREAM).usage == PASS.answer(REQUEST, json.dumps(WHOLE).encode()).usage
    )
