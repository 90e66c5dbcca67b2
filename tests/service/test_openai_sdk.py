"""The official `openai` SDK notices nothing of the gateway."""

from __future__ import annotations

import base64
from typing import Any

import openai
import pytest

from tests.inference.tables import KEY, chain, provider
from tests.support import openai_shapes as shapes
from tests.support.serving import served
from tests.support.upstream import Json, Sse, Upstream

HI: Any = [{"role": "user", "content": "hi"}]
TOOLS: Any = [
    {
        "type": "function",
        "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
    }
]


def client(url: str, **more: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, **more)


def test_it_works() -> None:
    """A whole answer, parsed by the SDK, with the model that answered."""
    with Upstream(Json(shapes.completion("hello"))) as upstream:
        with served(chain(provider("one", upstream))) as gateway:
            answer = client(gateway.url).chat.completions.create(model="light/light", messages=HI)
    assert answer.choices[0].message.content == "hello"
    assert answer.model == "real"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 10


@pytest.mark.parametrize("wants_usage", [True, False])
def test_streaming(wants_usage: bool) -> None:
    """Chunks as they came; the usage chunk only for those who asked, though we always ask."""
    more: Any = {"stream_options": {"include_usage": True}} if wants_usage else {}
    with Upstream(Sse(shapes.stream("hel", "lo"))) as upstream:
        with served(chain(provider("one", upstream))) as gateway:
            chunks = list(
                client(gateway.url).chat.completions.create(
                    model="light/light", messages=HI, stream=True, **more
                )
            )
    texts = [chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices]
    assert "".join(texts) == "hello"
    assert any(chunk.usage for chunk in chunks) is wants_usage
    assert upstream.asked[0].body["stream_options"] == {"include_usage": True}


async def test_async() -> None:
    """The asynchronous client, whole and streaming, side by side."""
    with Upstream(Json(shapes.completion("whole")), Sse(shapes.stream("stream"))) as upstream:
        with served(chain(provider("one", upstream))) as gateway:
            async with openai.AsyncOpenAI(base_url=f"{gateway.url}/v1", api_key=KEY) as sdk:
                whole = await sdk.chat.completions.create(model="light/light", messages=HI)
                stream = await sdk.chat.completions.create(
                    model="light/light", messages=HI, stream=True
                )
                texts = [c.choices[0].delta.content or "" async for c in stream if c.choices]
    assert whole.choices[0].message.content == "whole"
    assert "".join(texts) == "stream"


def test_tools_whole_and_streamed() -> None:
    """Tool calls arrive with their arguments, streamed ones by the SDK's own accumulator."""
    call = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": "{}"}}
    started = {"index": 0, **call, "function": {"name": "weather", "arguments": ""}}
    events = [
        shapes.chunk({"role": "assistant", "content": None, "tool_calls": [started]}),
        shapes.chunk({"tool_calls": [{"index": 0, "function": {"arguments": '{"a":'}}]}),
        shapes.chunk({"tool_calls": [{"index": 0, "function": {"arguments": "1}"}}]}),
        shapes.chunk({}, "tool_calls"),
        shapes.DONE,
    ]
    whole = shapes.completion("", tool_calls=[call])
    with Upstream(Json(whole), Sse(events)) as upstream:
        with served(chain(provider("one", upstream))) as gateway:
            chat = client(gateway.url).chat.completions
            answer = chat.create(model="light/light", messages=HI, tools=TOOLS)
            with chat.stream(model="light/light", messages=HI, tools=TOOLS) as stream:
                final = stream.get_final_completion()
    assert answer.choices[0].message.tool_calls is not None
    assert answer.choices[0].message.tool_calls[0].id == "c1"
    streamed = final.choices[0].message.tool_calls
    assert streamed is not None
    assert streamed[0].function.arguments == '{"a":1}'
    assert upstream.asked[0].body["tools"] == TOOLS


def test_images_and_unknown_fields_reach_the_upstream_untouched() -> None:
    """Message parts are not flattened, and what the gateway does not know it still forwards."""
    image = "data:image/png;base64," + base64.b64encode(b"\x89PNG").decode()
    messages: Any = [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "what is this? ü\u2028"},
                {"type": "image_url", "image_url": {"url": image, "detail": "low"}},
            ],
        }
    ]
    with Upstream(Json(shapes.completion())) as upstream:
        with served(chain(provider("one", upstream))) as gateway:
            client(gateway.url).chat.completions.create(
                model="light/light",
                messages=messages,
                temperature=0,
                extra_body={"novel": {"deep": [1, 2.50, None]}, "routing_profile": "light"},
            )
    asked = upstream.asked[0]
    assert asked.body["messages"] == messages
    assert asked.body["novel"] == {"deep": [1, 2.50, None]}
    assert asked.body["temperature"] == 0
    assert asked.body["model"] == "one-model"
    assert "routing_profile" not in asked.body
    assert b"2.50" in asked.raw or b"2.5" in asked.raw
    assert asked.headers["authorization"] == "Bearer secret-of-one"


def test_errors_are_the_sdks_own() -> None:
    """Each refusal raises the exception that OpenAI's own service would make it raise."""
    with Upstream(Json(shapes.error("x"), 500)) as upstream:
        with served(chain(provider("one", upstream), retries=0)) as gateway:
            sdk = client(gateway.url)
            with pytest.raises(openai.AuthenticationError):
                openai.OpenAI(base_url=f"{gateway.url}/v1", api_key="no").models.list()
            with pytest.raises(openai.NotFoundError) as unknown:
                sdk.chat.completions.create(model="nope", messages=HI)
            assert "light/" in str(unknown.value)
            with pytest.raises(openai.BadRequestError) as empty:
                sdk.chat.completions.create(model="light/light", messages=[])
            assert empty.value.param == "messages"
            with pytest.raises(openai.InternalServerError):
                sdk.chat.completions.create(model="light/light", messages=HI)
    assert len(upstream.asked) == 3, "what failed may pass: the SDK tries as it does without us"


def test_a_broken_stream_raises() -> None:
    """A truncated upstream is an error to the SDK, not a short answer."""
    with Upstream(Sse(shapes.stream("hel", "lo")[:3], then="cut")) as upstream:
        with served(chain(provider("one", upstream))) as gateway:
            stream = client(gateway.url).chat.completions.create(
                model="light/light", messages=HI, stream=True
            )
            with pytest.raises(openai.APIError):
                list(stream)


def test_models() -> None:
    """Virtual models and real ones."""
    with Upstream(Json({})) as upstream:
        with served(chain(provider("one", upstream))) as gateway:
            ids = [model.id for model in client(gateway.url).models.list()]
    assert "one/one-model" in ids
    assert any(name.startswith("light/") for name in ids)


def test_long_silence_is_filled_with_comments() -> None:
    """A stream that takes long to start keeps its connection alive, and fails over still."""
    slow = Sse(shapes.stream("late"), delay=1.0)
    with Upstream(slow) as upstream:
        table = chain(provider("one", upstream))
        with served(table, heartbeat=0.2) as gateway:
            with client(gateway.url).chat.completions.with_streaming_response.create(
                model="light/light", messages=HI, stream=True
            ) as response:
                text = b"".join(response.iter_bytes()).decode()
    assert text.count(": waiting") >= 3
    assert text.endswith("data: [DONE]\n\n")
