"""Token counts: forwarded where they can be answered, estimated where not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from inference.endpoints import messages
from inference.translate.messages.count_tokens import CountTokens, estimate, estimated_body
from inference.translate.responses.input_tokens import InputTokens
from inference.values.parsed_request import ParsedRequest
from tests.inference.translate.support import js, responses_ask

COUNT = CountTokens()


def ask(content: Any = "Hello", **fields: Any) -> ParsedRequest:
    body = {"messages": [{"role": "user", "content": content}], "model": "light/light", **fields}
    return messages.parse_count(js(body), {})


def test_the_question_passes_with_another_model() -> None:
    outbound = COUNT.request(ask(), "claude-real")
    assert outbound.path == "/messages/count_tokens"
    assert msgspec.json.decode(outbound.body) == {
        "messages": [{"role": "user", "content": "Hello"}],
        "model": "claude-real",
    }


def test_the_answer_passes() -> None:
    answer = COUNT.answer(ask(), b'{"input_tokens":  14}')
    assert answer.body == b'{"input_tokens":  14}'
    assert answer.failure is None


@pytest.mark.parametrize("body", [b"{}", b"<html>", b'{"type": "error", "error": {"type": "x"}}'])
def test_a_200_without_a_count_is_a_failure(body: bytes) -> None:
    answer = COUNT.answer(ask(), body)
    assert answer.body == b""
    assert answer.failure is not None


class TestEstimate:
    def test_it_works(self) -> None:
        assert msgspec.json.decode(estimated_body(ask("x" * 400))) == {"input_tokens": 104}

    def test_everything_in_the_prompt_counts(self) -> None:
        """What is added, wherever, makes it longer."""
        text = {"type": "text", "text": "x" * 400}
        least = estimate(ask([text]))
        assert estimate(ask([text, text])) == least + 100
        assert estimate(ask([text], system="y" * 400)) == least + 100
        assert estimate(ask([text], system=[text])) == least + 100
        assert estimate(ask([text], tools=[{"name": "f", "input_schema": {}}])) > least
        result = {"type": "tool_result", "tool_use_id": "t", "content": [text]}
        assert estimate(ask([text, result])) == least + 100
        use = {"type": "tool_use", "id": "t", "name": "f", "input": {"n": 1, "x": [None, True]}}
        assert estimate(ask([text, use])) > least

    def test_images_count_by_their_size_on_screen(self) -> None:
        source = {"type": "base64", "media_type": "image/png", "data": "A" * 1_000_000}
        assert 1000 < estimate(ask([{"type": "image", "source": source}])) < 2000

    def test_documents_count_by_their_pages(self) -> None:
        source = {"type": "base64", "media_type": "application/pdf", "data": "A" * 80_000}
        assert 1500 < estimate(ask([{"type": "document", "source": source}])) < 4000

    def test_chinese_takes_more_tokens_a_letter(self) -> None:
        assert estimate(ask("\u4f60" * 100)) > 2 * estimate(ask("x" * 100))


@pytest.mark.parametrize("body", [b'{"input_tokens": "\xff"}', b"[" * 5000, b"{}", b"", b"\x98"])
def test_what_is_no_count_is_a_failure(body: bytes) -> None:
    """Bytes of a provider are refused, whatever they are."""
    assert InputTokens().answer(responses_ask(), body).failure is not None
