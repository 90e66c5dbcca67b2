"""Requests through the gateway and what the log says of them, line by line."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from gateway.collector.collector import documented
from gateway.server import v1
from governance.interactions.record import InteractionRecord
from inference.dispatch.health import HealthBook
from inference.record import record
from inference.record.lines import read_line
from inference.record.pricing import price
from inference.record.recorder import Recorder
from inference.record.segments import SegmentWriter
from tests.inference.tables import HEADERS, chain, provider
from tests.support import openai_shapes as shapes
from tests.support.upstream import Json, Reply, Sse, Upstream

BODY = {
    "model": "light/light",
    "messages": [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hen?"}],
}


class Log:
    """What the requests made in a test leave in the log, as the collector documents it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._writer = SegmentWriter(directory)
        self._recorder = Recorder(self._writer)

    def __enter__(self) -> Log:
        record.add_sink(self._recorder.accept)
        return self

    def __exit__(self, *error: object) -> None:
        record.remove_sink(self._recorder.accept)
        self._writer.close()

    def lines(self) -> list[InteractionRecord]:
        self._writer.flush()
        (path,) = self._directory.iterdir()
        lines = [read_line(line) for line in path.read_bytes().splitlines()]
        whole = [documented(line, price(line)) for line in lines]
        return [msgspec.json.decode(line, type=InteractionRecord) for line in whole]


@pytest.fixture
def log_dir(tmp_path: Path) -> Path:
    return tmp_path / "segments"


@pytest.fixture
def log(log_dir: Path) -> Iterator[Log]:
    with Log(log_dir) as log:
        yield log


async def ask(
    *upstreams: Upstream | str,
    headers: dict[str, str] = HEADERS,
    keep_content: bool = False,
    **body: Any,
) -> httpx.Response:
    """One request to a gateway whose providers are `one`, `two`, ... in this order."""
    names = ("one", "two", "three")
    table = chain(*(provider(name, up) for name, up in zip(names, upstreams, strict=False)))
    app = v1.routes(
        table=lambda: table, book=HealthBook(rng=random.Random(1)), keep_content=keep_content
    )
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        return await client.post("/v1/chat/completions", json={**BODY, **body}, headers=headers)


async def test_it_works(log: Log) -> None:
    """A streamed answer: who asked, who answered, how long it took, what it used."""
    with Upstream(Sse(shapes.stream("It ", "lays."))) as upstream:
        answer = await ask(upstream, stream=True)
    (line,) = log.lines()
    assert line.id == answer.headers["x-request-id"]
    assert line.key is not None
    assert (line.key.id, line.key.name) == ("key-1", "tests")
    assert (line.protocol, line.request_type, line.requested_model) == (
        "openai",
        "chat",
        "light/light",
    )
    assert line.profile is not None
    assert line.reason == "virtual_model"
    assert [(one.provider, one.model) for one in line.decision.candidates] == [("one", "one-model")]
    (attempt,) = line.attempts
    assert (attempt.provider, attempt.outcome, attempt.status) == ("one", "ok", 200)
    assert attempt.milliseconds > 0
    assert attempt.usage == line.usage
    assert (attempt.cost_usd, line.cost_usd) == (0.0, 0.0)
    assert (line.provider, line.model, line.answered_model) == ("one", "one-model", "real")
    assert (line.stream, line.messages, line.tools) == (True, 2, 0)
    assert line.features.needs == ("text",)
    assert line.features.last_user_characters == 4
    assert line.first_token_ms is not None
    assert 0 < line.first_token_ms <= line.duration_ms
    assert line.usage is not None
    assert (line.usage.prompt, line.usage.completion) == (7, 3)
    assert (line.finish_reason, line.fallback, line.outcome, line.status) == (
        "stop",
        "none",
        "ok",
        200,
    )
    assert line.request is msgspec.UNSET
    assert line.answer is msgspec.UNSET


async def test_a_fallback(log: Log) -> None:
    """The failed attempt and the one that answered are both there."""
    failing = Upstream(Json(shapes.error("no"), status=503))
    with failing, Upstream(Json(shapes.completion())) as working:
        await ask(failing, working)
    (line,) = log.lines()
    assert [(one.provider, one.code, one.status) for one in line.attempts] == [
        ("one", "http_503", 503),
        ("two", "ok", 200),
    ]
    assert (line.fallback, line.outcome, line.provider) == ("target", "ok", "two")
    assert line.errors == "one:http_503"


async def test_every_end_leaves_a_line(log: Log) -> None:
    """Refused for the key, for the body and for the model; failed upstream; the caller's fault."""
    with Upstream(Json(shapes.error("no"), status=500)) as failing:
        with Upstream(Json(shapes.error("bad"), status=400)) as rejecting:
            await ask(failing, headers={"Authorization": "Bearer pm-nobody"})
            await ask(failing, messages="none")
            await ask(failing, model="unknown")
            await ask(failing)
            await ask(rejecting)
    assert [(line.outcome, line.error_code, line.status) for line in log.lines()] == [
        ("refused", "invalid_api_key", 401),
        ("refused", "400", 400),
        ("refused", "model_not_found", 404),
        ("retryable", "http_500", 500),
        ("callers_fault", "http_400", 400),
    ]


async def test_no_credential_and_no_word_of_an_upstream_gets_into_the_log(
    log: Log, log_dir: Path
) -> None:
    """Upstreams echo keys in their errors; the log holds codes of ours alone."""
    with Upstream(Json(shapes.error("Incorrect API key: sk-live-123"), status=401)) as upstream:
        await ask(upstream)
    log.lines()
    (path,) = log_dir.iterdir()
    text = path.read_text()
    for secret in ("sk-live-123", "Incorrect", "pm-test-key", "secret-of-one", "Be kind", "Hen?"):
        assert secret not in text


@pytest.mark.parametrize(
    ("reply", "stream"),
    [
        (Sse(shapes.stream("It ", "lays.")), True),
        (Json(shapes.completion("It lays.")), False),
    ],
    ids=["streamed", "whole"],
)
async def test_content_is_kept_where_it_is_wanted(log: Log, reply: Reply, stream: bool) -> None:
    """The request's body and the answer's text; the answer the caller gets is no other."""
    with Upstream(reply) as upstream:
        plain = await ask(upstream, stream=stream)
        kept = await ask(upstream, stream=stream, keep_content=True)
    without, line = log.lines()
    assert plain.content == kept.content
    assert without.request is msgspec.UNSET
    assert isinstance(line.request, str)
    assert msgspec.json.decode(line.request) == {**BODY, "stream": stream}
    assert line.answer == "It lays."
