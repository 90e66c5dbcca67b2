"""What providers refuse, in their words, and what becomes of the request."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.kinds import KINDS
from governance.kinds.model_rules import Fix, fixes_for
from inference.translate.repairs import REPAIRS, recognise, repaired
from inference.values.reported_error import error_in, read_error

USER = {"role": "user", "content": "hi"}


def mended(words: Any, request: dict[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The request after the first fix that changes it."""
    said = error_in({"error": {"message": words}} if isinstance(words, str) else words)
    body = json.dumps(request).encode()
    for fix in recognise(said):
        changed, names = repaired(body, (fix,))
        if names:
            return json.loads(changed), names
    return request, ()


@pytest.mark.parametrize(
    ("words", "member"),
    [
        ("Unrecognized request argument supplied: reasoning_effort", "reasoning_effort"),
        ("Unsupported parameter: 'top_p' is not supported with this model.", "top_p"),
        (
            "Unsupported value: 'temperature' does not support 0 with this model. Only the "
            "default (1) value is supported.",
            "temperature",
        ),
        ("`temperature` is deprecated for this model.", "temperature"),
        ("Unknown parameter: 'store'.", "store"),
        ("context_management: Extra inputs are not permitted", "context_management"),
        ('json: unknown field "metadata"', "metadata"),
        ('Invalid JSON payload received. Unknown name "store": Cannot find field.', "store"),
        ("Model grok-4 does not support parameter presencePenalty.", "presence_penalty"),
        (
            {
                "detail": [
                    {"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}
                ]
            },
            "stream_options",
        ),
        (
            "[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options'), 'msg': "
            "'Extra inputs are not permitted'}]",
            "stream_options",
        ),
    ],
)
def test_a_member_is_left_out(words: Any, member: str) -> None:
    request, names = mended(words, {"messages": [USER], "tools": [], member: 0.5})
    assert names == (member,)
    assert request == {"messages": [USER], "tools": []}


@pytest.mark.parametrize("member", ["tools", "response_format", "stop", "n"])
def test_what_the_caller_cannot_do_without_stays(member: str) -> None:
    request = {"messages": [USER], member: [1]}
    assert mended(f"Unknown parameter: '{member}'.", request) == (request, ())


@pytest.mark.parametrize(
    ("words", "limit"),
    [
        ("max_tokens is too large: 9. This model supports at most 4096 completion tokens.", 4096),
        ("Invalid max_tokens value 9, the valid range of max_tokens is [1, 8192]", 8192),
        ("`max_tokens` must be less than or equal to `4096`, the maximum", 4096),
        ("max_tokens: 64000 > 8192, which is the maximum allowed number of output tokens", 8192),
        ("but the supported range is from 1 (inclusive) to 8193 (exclusive).", 8192),
        (
            "This model's maximum context length is 64001 tokens and your request has 24235 input "
            "tokens (64000 > 64001 - 24235).",
            39766,
        ),
    ],
)
def test_a_limit_is_lowered(words: str, limit: int) -> None:
    request, names = mended(words, {"messages": [USER], "max_tokens": 64000})
    assert (request["max_tokens"], names) == (limit, ("max_tokens",))


def test_a_prompt_that_leaves_no_room_is_no_matter_of_the_limit() -> None:
    words = "input length and `max_tokens` exceed context limit: 199000 + 20000 > 200000"
    assert mended(words, {"messages": [USER], "max_tokens": 20000})[1] == ()


def test_ids_are_the_same_in_call_and_result() -> None:
    call = {"id": "toolu_01", "type": "function", "function": {"name": "f", "arguments": "{}"}}
    history = [
        {"role": "assistant", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "toolu_01"},
    ]
    words = "Tool call id was toolu_01 but must be a-z, A-Z, 0-9, with a length of 9."
    messages = mended(words, {"messages": history})[0]["messages"]
    made = messages[0]["tool_calls"][0]["id"]
    assert (len(made), made.isalnum(), messages[1]["tool_call_id"]) == (9, True, made)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 99999) | st.text(max_size=5)
    | st.sampled_from(["text", "thinking", "assistant", "developer", "tool_use"]),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["messages", "role", "content", "type", "tools", "strict", "temperature", "top_p",
             "max_tokens", "thinking", "signature", "tool_calls", "id", "tool_use_id", "text",
             "extra_content", "google", "output_config", "budget_tokens", "system"]
        ),
        inner,
        max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip
VALUES = {"drop": "strict", "highest_temperature": "1", "limit": "4096", "limit_left": "77",
          "rename_limit": "max_completion_tokens", "role": "system", "set_effort": "none",
          "call_ids": "word"}  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(JSON, st.sampled_from(sorted(REPAIRS)))
def test_a_repair_never_raises_and_is_made_once(document: Any, name: str) -> None:
    fix = Fix(name, VALUES.get(name, ""))
    body = json.dumps(document).encode()
    changed, names = repaired(body, (fix,))
    assert (changed is body) == (not names)
    assert repaired(changed, (fix,)) == (changed, ())


@pytest.mark.parametrize(
    "text", ["a" * 8000, "a." * 4000, "[0]" * 2600, "role " * 1600, "1" * 8000]
)
def test_odd_words_take_no_time(text: str) -> None:
    began = time.perf_counter()
    list(recognise(read_error(text.encode())))
    assert time.perf_counter() - began < 2


@pytest.mark.parametrize(
    ("kind", "model", "repairs"),
    [
        ("anthropic", "anthropic.claude-opus-4-8-20260401-v1:0", "drop drop drop"),
        ("anthropic", "anthropic/claude-opus-4-8-20260101", "drop drop drop"),
        ("anthropic", "claude-opus-5", "drop drop drop"),
        ("anthropic", "claude-sonnet-4-5-20250929", "one_sampling"),
        ("anthropic", "claude-sonnet-4-20250514", ""),
        ("anthropic", "claude-3-5-sonnet-20241022", ""),
        ("openai", "gpt-5", "fixed_temperature drop"),
        ("openai", "openai/o3-mini", "fixed_temperature drop"),
        ("openai", "gpt-5.2", ""),
        ("openai", "gpt-4o", ""),
    ],
)
def test_what_is_known_of_models(kind: str, model: str, repairs: str) -> None:
    fixes = fixes_for(KINDS[kind].model_rules, model)
    assert " ".join(fix.repair for fix in fixes) == repairs
    assert all(fix.repair in REPAIRS for fix in fixes)
