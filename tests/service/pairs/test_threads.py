"""Anthropic's message threads: refused in the words by which its SDK goes on without one."""

from __future__ import annotations

import anthropic
import pytest

from tests.inference.tables import KEY
from tests.service.pairs.talk import Answer, Call
from tests.service.pairs.world import PROTOCOLS, Translator, World


@pytest.fixture(params=PROTOCOLS)
def pair(request: pytest.FixtureRequest, everyone: World) -> Translator:
    return everyone.pair("anthropic", request.param)


def test_a_tool_runner_goes_on_without_a_thread(pair: Translator) -> None:
    """It sends `thread` by itself; every turn then brings the whole conversation."""
    call = Answer((), calls=(Call("call_1", "add", {"a": 1, "b": 2}),), stop="calls")
    pair.says(call, Answer(("3",)), stream=False)

    @anthropic.beta_tool
    def add(a: int, b: int) -> str:
        """Adds."""
        return str(a + b)

    with anthropic.Anthropic(base_url=pair.gateway.url, api_key=KEY, max_retries=0) as sdk:
        last = sdk.beta.messages.tool_runner(
            model=pair.model,
            max_tokens=100,
            tools=[add],
            messages=[{"role": "user", "content": "1 + 2?"}],
        ).until_done()
    assert [block.text for block in last.content if block.type == "text"] == ["3"]
    assert len(pair.provider.asked) == 2
    assert all("thread" not in asked.body for asked in pair.provider.asked)
    assert [result.text for result in pair.heard.turns[-1].results] == ["3"]


def test_a_thread_is_refused_before_anybody_is_asked(pair: Translator) -> None:
    pair.says(Answer(("Hi",)), stream=False)
    with anthropic.Anthropic(base_url=pair.gateway.url, api_key=KEY, max_retries=0) as sdk:
        with pytest.raises(anthropic.BadRequestError) as refused:
            sdk.beta.messages.create(
                model=pair.model,
                max_tokens=10,
                messages=[{"role": "user", "content": "What is my name?"}],
                thread={"type": "continue", "previous_message_id": "msg_1"},
            )
    assert refused.value.body["error"]["details"]["error_code"] == "thread_unsupported_request"
    assert not pair.provider.asked


def test_compaction_is_refused_where_nobody_signs_it(everyone: World) -> None:
    """Left out, it would be a reply that the caller takes for a summary."""
    pair = everyone.pair("anthropic", "openai")
    pair.says(Answer(("Hi",)), stream=False)
    with anthropic.Anthropic(base_url=pair.gateway.url, api_key=KEY, max_retries=0) as sdk:
        with pytest.raises(anthropic.BadRequestError, match="compaction"):
            sdk.beta.messages.create(
                model=pair.model,
                max_tokens=10,
                messages=[{"role": "user", "content": "Hi"}],
                compaction={"type": "summarize"},
            )
        assert not pair.provider.asked
        answer = sdk.beta.messages.with_raw_response.create(
            model=pair.model,
            max_tokens=10,
            messages=[{"role": "user", "content": "Hi"}],
            fallbacks=[{"model": "claude-other"}],
        )
    assert answer.headers["x-pointsman-dropped"] == "fallbacks"
