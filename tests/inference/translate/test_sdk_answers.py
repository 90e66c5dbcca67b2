"""Text, structured output, images, systems and stops, by the official SDKs, on every pair."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import BaseModel

from tests.inference.translate.sdk import anthropic_client, openai_client
from tests.inference.translate.support import blocks, delta, js, message, sse, text_block

UPSTREAMS = pytest.mark.parametrize("upstream", ["openai", "anthropic"])
SAID = 'Gr\u00fc\u00dfe \u2028 \U0001f9ed "quoted"'
PNG = "iVBORw0KGgo="


class City(BaseModel):
    name: str
    people: int


class Upstream:
    """Says one text, in the upstream's protocol, and remembers what it was asked."""

    def __init__(self, protocol: str, text: str = SAID) -> None:
        self.protocol = protocol
        self.text = text
        self.asked: dict[str, Any] = {}

    def __call__(self, body: dict[str, Any]) -> bytes:
        self.asked = body
        pieces = list(self.text)
        if self.protocol == "anthropic":
            if body.get("stream"):
                return blocks(text_block(*pieces))
            return js(message({"type": "text", "text": self.text}))
        if body.get("stream"):
            return sse(*(delta(piece) for piece in pieces), delta(finish="stop"))
        said = {"role": "assistant", "content": self.text}
        choice = {"index": 0, "message": said, "finish_reason": "stop"}
        return js({**delta(), "object": "chat.completion", "choices": [choice]})

    def images(self) -> list[str]:
        """The images it was shown: a URL or base64 each."""
        content = self.asked["messages"][-1]["content"]
        if self.protocol == "openai":
            return [p["image_url"]["url"] for p in content if p["type"] == "image_url"]
        sources = [block["source"] for block in content if block["type"] == "image"]
        return [
            s["url"] if s["type"] == "url" else f"data:{s['media_type']};base64,{s['data']}"
            for s in sources
        ]

    def system(self) -> str:
        if self.protocol == "openai":
            first = self.asked["messages"][0]
            assert first["role"] == "system"
            return str(first["content"])
        return str(self.asked["system"])

    def schema(self) -> Any:
        if self.protocol == "openai":
            return self.asked["response_format"]["json_schema"]["schema"]
        return self.asked["output_config"]["format"]["schema"]


IMAGES = ["https://x/y.png", f"data:image/png;base64,{PNG}"]


@UPSTREAMS
class TestChat:
    def test_text(self, upstream: str) -> None:
        client = openai_client(upstream, Upstream(upstream))
        asked: Any = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
        whole = client.chat.completions.create(**asked)
        assert whole.choices[0].message.content == SAID
        stream = client.chat.completions.create(stream=True, **asked)
        assert "".join(c.choices[0].delta.content or "" for c in stream if c.choices) == SAID

    def test_structured_output(self, upstream: str) -> None:
        script = Upstream(upstream, '{"name": "Z\u00fcrich", "people": 448664}')
        client = openai_client(upstream, script)
        turn: Any = {"role": "user", "content": "Which?"}
        got = client.chat.completions.parse(model="m", messages=[turn], response_format=City)
        assert got.choices[0].message.parsed == City(name="Z\u00fcrich", people=448664)
        assert script.schema()["required"] == ["name", "people"]

    def test_images_and_system(self, upstream: str) -> None:
        script = Upstream(upstream)
        client = openai_client(upstream, script)
        parts: Any = [{"type": "image_url", "image_url": {"url": url}} for url in IMAGES]
        messages: Any = [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": parts},
        ]
        client.chat.completions.create(model="m", messages=messages, stop=["END"], temperature=0)
        assert script.images() == IMAGES
        assert script.system() == "Be kind."
        assert script.asked["temperature"] == 0
        assert script.asked["stop" if upstream == "openai" else "stop_sequences"] == ["END"]


@UPSTREAMS
class TestMessages:
    def test_text(self, upstream: str) -> None:
        client = anthropic_client(upstream, Upstream(upstream))
        asked: Any = {
            "model": "m",
            "max_tokens": 9,
            "messages": [{"role": "user", "content": "Hello"}],
        }
        whole: Any = client.messages.create(**asked)
        assert whole.content[0].text == SAID
        with client.messages.stream(**asked) as stream:
            assert "".join(stream.text_stream) == SAID

    def test_structured_output(self, upstream: str) -> None:
        script = Upstream(upstream, '{"name": "Z\u00fcrich", "people": 448664}')
        client = anthropic_client(upstream, script)
        turn: Any = {"role": "user", "content": "Which?"}
        got = client.messages.parse(model="m", max_tokens=9, messages=[turn], output_format=City)
        assert got.parsed_output == City(name="Z\u00fcrich", people=448664)
        assert script.schema()["required"] == ["name", "people"]

    def test_images_and_system(self, upstream: str) -> None:
        script = Upstream(upstream)
        client = anthropic_client(upstream, script)
        sources = [
            {"type": "url", "url": IMAGES[0]},
            {"type": "base64", "media_type": "image/png", "data": PNG},
        ]
        parts: Any = [{"type": "image", "source": source} for source in sources]
        client.messages.create(
            model="m",
            max_tokens=9,
            system="Be kind.",
            messages=[{"role": "user", "content": parts}],
            stop_sequences=["END"],
            extra_body={"temperature": 0},
        )
        assert script.images() == IMAGES
        assert script.system() == "Be kind."
        assert script.asked["temperature"] == 0
        assert script.asked["stop" if upstream == "openai" else "stop_sequences"] == ["END"]


@UPSTREAMS
class TestResponses:
    def test_text(self, upstream: str) -> None:
        client = openai_client(upstream, Upstream(upstream))
        assert client.responses.create(model="m", input="Hello").output_text == SAID
        stream = client.responses.create(model="m", input="Hello", stream=True)
        deltas = [e.delta for e in stream if e.type == "response.output_text.delta"]
        assert "".join(deltas) == SAID
        with client.responses.stream(model="m", input="Hello") as events:
            assert events.get_final_response().output_text == SAID

    def test_structured_output(self, upstream: str) -> None:
        script = Upstream(upstream, '{"name": "Z\u00fcrich", "people": 448664}')
        client = openai_client(upstream, script)
        got = client.responses.parse(model="m", input="Which?", text_format=City)
        assert got.output_parsed == City(name="Z\u00fcrich", people=448664)
        assert script.schema()["required"] == ["name", "people"]

    def test_images_and_system(self, upstream: str) -> None:
        script = Upstream(upstream)
        client = openai_client(upstream, script)
        parts = [{"type": "input_image", "image_url": url, "detail": "auto"} for url in IMAGES]
        given: Any = [{"role": "user", "content": parts}]
        client.responses.create(model="m", instructions="Be kind.", input=given, temperature=0)
        assert script.images() == IMAGES
        assert script.system() == "Be kind."
        assert script.asked["temperature"] == 0
