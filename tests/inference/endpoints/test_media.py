"""Sound, images, moderations and rankings by OpenAI's SDK: through routing, failover and record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import openai
import pytest

from governance.kinds import kind_named
from inference.record.record import RequestContext, add_sink, remove_sink
from tests.inference.tables import HEADERS, KEY, chain, provider
from tests.support.eventually import eventually
from tests.support.media_provider import PICTURE, SOUND, MediaProvider
from tests.support.serving import served


@dataclass
class Way:
    """A gateway before a provider that is down and one that answers, and what it has recorded."""

    url: str
    client: openai.OpenAI
    down: MediaProvider
    up: MediaProvider
    records: list[RequestContext]

    def post(self, path: str, **given: Any) -> httpx.Response:
        return httpx.post(f"{self.url}{path}", headers=HEADERS, **given)

    def record(self) -> RequestContext:
        """Of the one request since it was last asked for."""
        eventually(lambda: self.records)
        return self.records.pop()


@pytest.fixture(scope="module")
def _way() -> Iterator[Way]:
    records: list[RequestContext] = []
    add_sink(records.append)
    with MediaProvider(fails=503) as down, MediaProvider() as up:
        targets = (provider("down", down.base_url), provider("up", up.base_url))
        with served(chain(*targets), heartbeat=0.1) as gateway:
            client = openai.OpenAI(
                api_key=KEY, base_url=f"{gateway.url}/v1", max_retries=0, timeout=10
            )
            yield Way(gateway.url, client, down, up, records)
    remove_sink(records.append)


@pytest.fixture
def way(_way: Way) -> Way:
    _way.up.breaks = _way.up.never_streams = False
    _way.up.delay = 0.0
    for one in (_way.down.received, _way.up.received, _way.records):
        one.clear()
    return _way


MODEL = "light/light"


def used(way: Way, request_type: str) -> dict[str, float]:
    """What the record says was used, after it has said the rest."""
    record = way.record()
    assert record.routing_request is not None
    assert record.routing_request.request_type == request_type
    assert [str(one.provider) for one in record.attempts] in (["down", "up"], ["up"])
    assert (record.attempts[-1].code, record.outcome) == ("ok", "ok")
    assert way.up.received[-1].fields["model"] == "up-model"
    assert "light" not in str(way.up.received[-1].fields)
    usage = record.usage
    if usage is None:
        return {}
    counted: dict[str, float] = {"prompt": usage.prompt, "completion": usage.completion}
    return {**{name: count for name, count in counted.items() if count}, **(usage.units or {})}


def test_speech_is_streamed(way: Way) -> None:
    speech = way.client.audio.speech
    with speech.with_streaming_response.create(
        model=MODEL, input="Good morning!", voice="alloy"
    ) as got:
        assert got.headers["content-type"] == "audio/mpeg"
        assert b"".join(got.iter_bytes()) == SOUND
    assert used(way, "speech") == {"characters": 13}


def test_speech_as_events_tells_tokens(way: Way) -> None:
    body = {"model": MODEL, "input": "hi", "voice": "alloy", "stream_format": "sse"}
    got = way.post("/v1/audio/speech", json=body)
    assert got.headers["content-type"].startswith("text/event-stream")
    assert b"speech.audio.done" in got.content
    assert used(way, "speech") == {"prompt": 3, "completion": 9, "characters": 2}


def test_sound_that_breaks_off_is_not_ended(way: Way) -> None:
    way.up.breaks = True
    with pytest.raises(httpx.RemoteProtocolError):
        way.post("/v1/audio/speech", json={"model": MODEL, "input": "hi", "voice": "a"})
    assert way.record().outcome == "retryable"


def test_moderations(way: Way) -> None:
    got = way.client.moderations.create(model=MODEL, input=["a", "b"])
    assert [one.flagged for one in got.results] == [False, False]
    assert used(way, "moderations") == {}


def test_rankings_as_cohere_and_jina_have_them(way: Way) -> None:
    body = {"model": MODEL, "query": "q", "documents": ["a", {"text": "b"}, "c"], "top_n": 2}
    got = way.post("/v1/rerank", json=body)
    assert [one["index"] for one in got.json()["results"]] == [0, 1]
    assert used(way, "rerank") == {"searches": 1}
    got = way.post("/v1/rerank", json={**body, "model": "up/jina-reranker"})
    assert got.json()["usage"] == {"total_tokens": 31}
    record = way.record()
    assert record.usage is not None
    assert record.usage.prompt == 31


def test_rankings_of_cohere_have_their_own_address() -> None:
    """Beside the compatibility API that its kind speaks; any other base URL is taken as it is."""
    kind = kind_named("cohere")
    assert kind is not None
    assert kind.address("/compatibility/v1", "", "/rerank", "m") == "/v2/rerank"
    assert kind.address("/compatibility/v1", "", "/embeddings", "m").endswith("v1/embeddings")
    assert kind.address("/proxy/v1", "", "/rerank", "m") == "/proxy/v1/rerank"


def test_images(way: Way) -> None:
    got = way.client.images.generate(model=MODEL, prompt="a cat", n=2)
    assert [one.b64_json for one in got.data or ()] == [PICTURE] * 2
    tokens = {"prompt": 10, "completion": 40, "image_tokens": 6, "image_completion_tokens": 40}
    assert used(way, "image_generations") == {**tokens, "images": 2}
    events = list(way.client.images.generate(model=MODEL, prompt="a cat", stream=True))
    assert [one.type for one in events][-1] == "image_generation.completed"
    assert used(way, "image_generations") == {**tokens, "images": 1}


def test_images_are_edited_by_form_and_by_json(way: Way) -> None:
    got = way.client.images.edit(model=MODEL, prompt="a hat", image=[b"one", b"two"])
    assert (got.data or [])[0].b64_json == PICTURE
    assert way.up.received[-1].headers["content-type"].startswith("multipart/form-data")
    assert used(way, "image_edits")["images"] == 1
    body = {"model": MODEL, "prompt": "a hat", "image": "x"}
    assert way.post("/v1/images/edits", json=body).status_code == 200
    assert used(way, "image_edits")["images"] == 1


def test_a_stream_of_images_that_breaks_tells_so(way: Way) -> None:
    way.up.breaks = True
    with pytest.raises(openai.APIError):
        list(way.client.images.generate(model=MODEL, prompt="a cat", stream=True))
    assert way.record().outcome == "retryable"


@pytest.mark.parametrize("name", ["transcriptions", "translations"])
def test_sound_is_heard(way: Way, name: str) -> None:
    got = getattr(way.client.audio, name).with_raw_response.create(
        model=MODEL, file=("a.mp3", SOUND)
    )
    assert json.loads(got.content)["text"] == "hello"
    assert way.up.received[-1].path == f"/v1/audio/{name}"
    assert way.up.received[-1].fields["file"] == SOUND
    assert used(way, name) == {"audio_seconds": 7}


def test_sound_is_heard_in_every_form(way: Way) -> None:
    hear = way.client.audio.transcriptions.create
    text: Any = hear(model=MODEL, file=("a.mp3", SOUND), response_format="text")
    assert text == "h\u00e9llo\n"
    assert used(way, "transcriptions") == {}
    long = hear(model=MODEL, file=("a.mp3", SOUND), response_format="verbose_json")
    assert long.duration == 7.5
    assert used(way, "transcriptions") == {"audio_seconds": 7.5}
    events = list(hear(model=MODEL, file=("a.mp3", SOUND), stream=True))
    assert [one.type for one in events] == ["transcript.text.delta", "transcript.text.done"]
    counted = {"prompt": 14, "completion": 2, "audio_tokens": 14}
    assert used(way, "transcriptions") == counted


def test_a_model_that_never_streams_is_heard_as_a_stream(way: Way) -> None:
    """Also where signs of life went before its answer."""
    way.up.never_streams, way.up.delay = True, 0.4
    hear = way.client.audio.transcriptions.create
    [event] = list(hear(model=MODEL, file=("a.mp3", SOUND), stream=True))
    assert (event.type, event.text) == ("transcript.text.done", "hello")
    assert used(way, "transcriptions") == {"audio_seconds": 7}
    events = list(way.client.images.generate(model=MODEL, prompt="a cat", stream=True))
    assert [one.type for one in events] == ["image_generation.completed"]
    assert used(way, "image_generations")["images"] == 1


def test_the_local_model_never_stands_in(way: Way) -> None:
    """It can do none of this: the first failure is told."""
    got = way.post("/v1/moderations", json={"model": "down/m", "input": "a"})
    assert got.status_code in (502, 503)
    assert way.record().fallback == "none"


def test_a_form_without_a_model_gets_one_and_loses_its_hint(way: Way) -> None:
    form = {"routing_profile": "light", "language": "en"}
    got = way.post("/v1/audio/transcriptions", data=form, files={"file": ("a.mp3", SOUND)})
    assert got.json()["text"] == "hello"
    fields = way.up.received[-1].fields
    assert fields == {"language": "en", "file": SOUND, "model": "up-model"}
    assert got.headers["x-pointsman-provider"] == "up"


@pytest.mark.parametrize(
    ("path", "given", "field"),
    [
        ("audio/speech", {"json": {"model": MODEL}}, "input"),
        ("audio/speech", {"json": {"model": MODEL, "input": ""}}, "input"),
        ("moderations", {"json": {"input": []}}, "input"),
        ("rerank", {"json": {"query": "q", "documents": []}}, "documents"),
        ("rerank", {"json": {"query": "q", "documents": ["a"], "top_n": 0}}, "top_n"),
        ("images/generations", {"json": {"prompt": 7}}, "prompt"),
        ("audio/transcriptions", {"json": {"model": MODEL}}, "content-type"),
        ("audio/transcriptions", {"files": {"model": (None, "m")}}, "file"),
        ("images/edits", {"files": {"prompt": (None, "p")}}, "image"),
    ],
)
def test_what_breaks_a_rule_is_refused_by_the_gateway(
    way: Way, path: str, given: dict[str, Any], field: str
) -> None:
    got = way.post(f"/v1/{path}", **given)
    assert (got.status_code, got.json()["error"]["param"]) == (400, field)
    assert not way.down.received
    assert way.record().outcome == "refused"


def test_what_the_provider_refuses_is_told_in_its_words(way: Way) -> None:
    body = {"model": "up/m", "input": "a", "colour": "red"}
    got = way.post("/v1/moderations", json=body)
    assert got.status_code == 400
    assert "colour" in got.json()["error"]["message"]
