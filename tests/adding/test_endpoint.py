"""Adding an endpoint is adding one file: a toy one that takes a form and answers with sound."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from inference.endpoints import registry
from tests.inference.tables import HEADERS, chain, provider
from tests.support.serving import served
from tests.support.upstream import Json, Sse, Upstream

TOY = '''
"""A toy endpoint: a form with a sound in, another sound out."""

from governance.routing.request import RoutingRequest
from inference.endpoints.endpoint import Endpoint
from inference.values.parsed_request import BadRequest, ParsedRequest
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.form_scanner import boundary_of
from inference.translate.raw import RawPassThrough, model_part


def parse(body, headers):
    content_type = headers.get(b"content-type", b"").decode("latin-1")
    boundary = boundary_of(content_type)
    place = model_part(body, boundary) if boundary is not None else None
    if place is None:
        raise BadRequest("`model` is required.", "model")
    model = body[slice(*place)].decode()
    ask = RoutingRequest(model=model, request_type="toy", stream=b"streamed" in body)
    return ParsedRequest(ask, body, {}, headers, content_type=content_type)


ENDPOINT = Endpoint(
    "/v1/toy",
    "toy",
    OPENAI,
    parse,
    PassThroughCaller({"openai": RawPassThrough("/toy")}),
    events=False,
)
'''
SOUND = b"\x00\xff{data: \r\n\r\n" * 50


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / "toy_endpoints").mkdir()
    (tmp_path / "toy_endpoints" / "__init__.py").touch()
    (tmp_path / "toy_endpoints" / "toy.py").write_text(TOY)
    monkeypatch.syspath_prepend(tmp_path)
    assert [one.path for one in registry.discover("toy_endpoints")] == ["/v1/toy"]
    yield
    registry.unregister("toy")
    for name in ("toy_endpoints", "toy_endpoints.toy"):
        sys.modules.pop(name)


def ask(url: str, **fields: str) -> httpx.Response:
    form = {"model": "light/light", **fields}
    return httpx.post(f"{url}/v1/toy", data=form, files={"file": ("a.wav", SOUND)}, headers=HEADERS)


def test_a_form_goes_in_and_sound_comes_out(toy: None) -> None:
    """With the target's model; the next target answers where one fails."""
    answer = Json(SOUND, headers={"content-type": "audio/wav"})
    with Upstream(Json({"error": "down"}, status=503)) as failing, Upstream(answer) as upstream:
        table = chain(provider("a", failing), provider("b", upstream))
        with served(table) as gateway:
            got = ask(gateway.url, voice="low")
    assert (got.status_code, got.content) == (200, SOUND)
    assert got.headers["content-type"] == "audio/wav"
    assert got.headers["content-length"] == str(len(SOUND))
    for asked, model in ((failing.asked[0], b"a-model"), (upstream.asked[0], b"b-model")):
        assert asked.path == "/v1/toy"
        assert asked.headers["content-type"].startswith("multipart/form-data; boundary=")
        assert asked.raw.count(model) == 1
        assert b"light/light" not in asked.raw
        assert SOUND in asked.raw
        assert b'name="voice"\r\n\r\nlow\r\n' in asked.raw


def test_sound_is_streamed(toy: None) -> None:
    pieces = [SOUND, b"data: [DONE]\n\n", SOUND]
    with Upstream(Sse(pieces, pause=0.15, headers={"content-type": "audio/mpeg"})) as upstream:
        with served(chain(provider("a", upstream)), heartbeat=0.05) as gateway:
            got = ask(gateway.url, streamed="yes")
    assert got.headers["content-type"] == "audio/mpeg"
    assert got.content == b"".join(pieces), "no sign of life stands among the sound"


def test_a_stream_that_breaks_is_not_ended(toy: None) -> None:
    """There is no form to tell it in: the connection closes, so that nobody takes it for whole."""
    reply = Sse([SOUND], then="cut", pause=0.1, headers={"content-type": "audio/mpeg"})
    with Upstream(reply) as upstream, served(chain(provider("a", upstream))) as gateway:
        with pytest.raises(httpx.RemoteProtocolError):
            ask(gateway.url, streamed="yes")


def test_a_form_without_a_model_is_refused(toy: None) -> None:
    with Upstream(Json(b"")) as upstream, served(chain(provider("a", upstream))) as gateway:
        got = httpx.post(f"{gateway.url}/v1/toy", files={"file": b"x"}, headers=HEADERS)
    assert (got.status_code, got.json()["error"]["param"]) == (400, "model")
