"""Files and batches made of them, by the SDKs of OpenAI and Anthropic: each key sees its own."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import anthropic
import httpx
import openai
import pytest
from django.test import override_settings

from governance.kinds import KINDS
from inference.record.booking import BOOKED
from inference.record.record import RequestContext, add_sink, remove_sink
from tests.inference.tables import HEADERS, KEY, chain, provider, rebuilt, virtual_keys
from tests.support.eventually import eventually
from tests.support.file_provider import BETA, FileProvider
from tests.support.held_book import MemoryHeldBook
from tests.support.serving import served

OTHER = "pm-other-key"
NOTES = b"some notes \x00\xff" * 200_000


@dataclass
class Way:
    url: str
    down: FileProvider
    up: FileProvider
    claude: FileProvider
    held: MemoryHeldBook
    records: list[RequestContext]

    def openai(self, key: str = KEY) -> openai.OpenAI:
        hint = {"x-routing-profile": "light"}
        return openai.OpenAI(
            api_key=key,
            base_url=f"{self.url}/v1",
            max_retries=0,
            timeout=20,
            default_headers=hint,
        )

    def anthropic(self, key: str = KEY) -> anthropic.Anthropic:
        hint = {"x-routing-profile": "light"}
        return anthropic.Anthropic(
            api_key=key, base_url=self.url, max_retries=0, timeout=20, default_headers=hint
        )

    @property
    def booked(self) -> list[RequestContext]:
        return [one for one in self.records if one.id.startswith(BOOKED)]


@pytest.fixture(scope="module")
def way() -> Iterator[Way]:
    """A target that is down, one of OpenAI's sort and one of Anthropic's."""
    records: list[RequestContext] = []
    add_sink(records.append)
    with FileProvider(fails=503) as down, FileProvider() as up, FileProvider() as claude:
        table = chain(
            provider("down", down.base_url),
            provider("up", up.base_url),
            provider("claude", claude.base_url, kind="anthropic"),
        )
        profile = next(iter(table.profiles.values()))
        targets = [replace(target, model="gpt-real") for target in profile.targets]
        mine = virtual_keys()
        first = next(iter(mine.values()))
        keys = {**mine, hashlib.sha256(OTHER.encode()).digest(): replace(first, id="key-2")}
        table = rebuilt(
            table,
            profiles=[replace(profile, targets=tuple(targets))],
            virtual_keys=keys,
        )
        held = MemoryHeldBook()
        with served(table, held=held) as gateway:
            yield Way(gateway.url, down, up, claude, held, records)
    remove_sink(records.append)


def requests(model: str = "light/light", **more: Any) -> bytes:
    lines = [
        {"custom_id": name, "method": "POST", "url": "/v1/chat/completions",
         "body": {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}}
        for name in "ab"
    ]  # fmt: skip
    return b"\n".join(json.dumps(line).encode() for line in lines)


def test_a_file_from_its_upload_to_its_end(way: Way) -> None:
    files = way.openai().files
    made = files.create(file=("notes.txt", NOTES), purpose="user_data",
                        extra_body={"routing_profile": "light"})  # fmt: skip
    assert made.id.startswith("file-1_sealed_")
    assert way.up.files["file-1"] == NOTES
    assert files.retrieve(made.id).bytes == len(NOTES)
    assert files.content(made.id).read() == NOTES
    assert [one.id for one in files.list()] == [made.id]
    assert not list(files.list(purpose="batch"))
    record = next(one for one in way.records if one.routing_request is not None)
    assert record.routing_request is not None
    assert record.routing_request.request_type == "files"
    assert [(one.provider, one.code) for one in record.attempts] == [
        ("down", "http_503"), ("up", "ok")
    ]  # fmt: skip
    other = way.openai(OTHER).files
    assert not list(other.list())
    for use in (other.retrieve, other.content, other.delete):
        with pytest.raises(openai.NotFoundError):
            use(made.id)
    with pytest.raises(openai.NotFoundError):
        files.retrieve("file-1")
    with pytest.raises(openai.NotFoundError):
        list(other.list(after=made.id))
    assert files.delete(made.id).id == made.id
    assert not way.up.files
    assert not list(files.list())


@pytest.mark.parametrize("tells_usage", [True, False])
def test_a_batch_of_a_file_is_booked_once(way: Way, tells_usage: bool) -> None:
    way.up.ended, way.up.tells_usage = False, tells_usage
    way.records.clear()
    way.held.rows.clear()
    client = way.openai()
    file = client.files.create(file=("r.jsonl", requests()), purpose="batch")
    made = client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h",
        metadata={"job": "night"},
    )  # fmt: skip
    assert "_sealed_" in made.id
    assert made.input_file_id == file.id
    assert client.batches.retrieve(made.id).status == "validating"
    assert client.batches.cancel(made.id).status == "cancelling"
    assert not way.booked
    way.up.ended = True
    done = client.batches.retrieve(made.id)
    listed = {one.id: one for one in client.batches.list()}
    assert listed[made.id].status == "completed"
    assert done.output_file_id is not None
    for _ in range(2):
        lines = client.files.content(done.output_file_id).text.splitlines()
        assert [json.loads(line)["custom_id"] for line in lines] == ["a", "b"]
    assert done.output_file_id in [one.id for one in client.files.list()]
    count = 4 if tells_usage else 2
    booked = eventually(lambda: way.booked if len(way.booked) >= count else [])
    assert len({one.id for one in booked}) == 1, "so that the collector counts it once"
    for one in booked:
        assert one.usage is not None
        assert (one.usage.prompt, one.usage.completion, one.usage.cached) == (200, 40, 50)
        assert one.usage.units == {"batched_requests": 2}
        assert one.model == "gpt-real-2026"
    assert not list(way.openai(OTHER).batches.list())
    with pytest.raises(openai.NotFoundError):
        way.openai(OTHER).files.content(done.output_file_id)
    with pytest.raises(openai.NotFoundError):
        way.openai(OTHER).batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )


def test_lists_go_page_by_page(way: Way) -> None:
    client = way.openai()
    made = [
        client.files.create(file=("a", bytes([place])), purpose="vision").id for place in range(5)
    ]
    known = [one.id for one in client.files.list(limit=2)]
    assert known[:5] == made[::-1]
    assert [one.id for one in client.files.list(order="asc", limit=3)] == known[::-1]
    first = client.files.list(limit=2)
    assert [one.id for one in client.files.list(limit=2, after=first.data[-1].id).data] == (
        known[2:4]
    )
    for name in made:
        client.files.delete(name)


def test_anthropics_files(way: Way) -> None:
    files = way.anthropic().beta.files
    made = [
        files.upload(file=("a.txt", bytes([one]) * 9, "text/plain"), betas=[BETA]) for one in b"abc"
    ]
    names = [one.id for one in made]
    assert [one.id for one in files.list(limit=2)] == names[::-1]
    assert [one.id for one in files.list(ids=names[1:])] == names[:0:-1]
    got = httpx.get(
        f"{way.url}/v1/files?limit=1&before_id={names[0]}",
        headers={**HEADERS, "anthropic-version": "2023-06-01"},
    ).json()
    assert ([one["id"] for one in got["data"]], got["has_more"]) == ([names[1]], True)
    assert files.retrieve_metadata(names[0]).size_bytes == 9
    assert files.download(names[0]).read() == b"a" * 9
    assert not list(way.anthropic(OTHER).beta.files.list())
    with pytest.raises(anthropic.NotFoundError):
        way.anthropic(OTHER).beta.files.download(names[0])
    content: Any = [{"type": "document", "source": {"type": "file", "file_id": names[1]}}]
    talk: Any = {"model": "claude/claude-x", "max_tokens": 9, "betas": [BETA],
                 "extra_headers": {"x-routing-profile": "claude"},
                 "messages": [{"role": "user", "content": content}]}  # fmt: skip
    assert way.anthropic().beta.messages.create(**talk).content[0].type == "text"
    with pytest.raises(anthropic.BadRequestError, match="no file"):
        way.anthropic(OTHER).beta.messages.create(**talk)
    assert files.delete(names[0]).id == names[0]
    assert [one.id for one in files.list()] == names[:0:-1]


def test_a_request_that_names_a_file_goes_to_its_holder(way: Way) -> None:
    client = way.openai()
    file = client.files.create(file=("a.pdf", b"%PDF"), purpose="user_data")
    parts: Any = [
        {"type": "file", "file": {"file_id": file.id}},
        {"type": "text", "text": f'Say {{"file_id":"{file.id}"}}.'},
    ]
    got = client.chat.completions.with_raw_response.create(
        model="light/light", messages=[{"role": "user", "content": parts}]
    )
    assert got.headers["x-pointsman-provider"] == "up"
    sent = way.up.chats[-1]["messages"][0]["content"]
    own = file.id.partition("_sealed_")[0]
    assert sent[0]["file"]["file_id"] == own
    assert file.id in sent[1]["text"], "what is said stays as it was"
    with pytest.raises(openai.BadRequestError, match="no file"):
        way.openai(OTHER).chat.completions.create(
            model="up/gpt-real",
            messages=[{"role": "user", "content": parts[:1]}],
            extra_headers={"x-routing-profile": "up"},
        )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1"),
        (b"not json\n", "line 1"),
        (requests() + b"\n" + requests("light/other"), "line 3 names another model"),
        (requests() + b"\n{}", "line 3"),
        (requests() + b"\n" * 9 + b'{"body": {"model": 7}}', "line 11"),
    ],
)
def test_a_file_of_requests_that_breaks_a_rule(way: Way, content: bytes, said: str) -> None:
    before = dict(way.up.files)
    with pytest.raises(openai.BadRequestError, match=said):
        way.openai().files.create(file=("r.jsonl", content), purpose="batch")
    assert way.up.files == before


def test_what_is_asked_wrongly_is_told(way: Way) -> None:
    def asked(method: str, path: str, **more: Any) -> tuple[int, str]:
        got = httpx.request(method, f"{way.url}{path}", headers=HEADERS, **more)
        return got.status_code, got.json()["error"]["message"]

    assert asked("POST", "/v1/files", files={"file": ("a", b"x")})[0] == 400
    assert asked("POST", "/v1/files", json={})[0] == 400
    assert asked("PUT", "/v1/files")[0] == 405
    assert asked("GET", "/v1/files?limit=0")[0] == 400
    assert asked("GET", "/v1/batches?order=up")[0] == 400
    assert asked("POST", "/v1/files/x/content")[0] == 404
    status, said = asked("POST", "/v1/batches", json={"input_file_id": "file-1"})
    assert (status, "endpoint" in said) == (400, True)
    way.held.away = True
    assert asked("GET", "/v1/files")[0] == 503
    way.held.away = False
    assert httpx.get(f"{way.url}/v1/files").status_code == 401


def test_which_kinds_hold_what() -> None:
    holding = {
        sort: {kind.name for kind in KINDS.values() if kind.serves(sort)}
        for sort in ("files", "file_batches", "message_files")
    }
    assert holding["message_files"] == {"anthropic"}
    assert holding["files"] == holding["file_batches"] == {"openai", "azure", "groq"}


@pytest.mark.parametrize("anthropics", [False, True])
def test_a_file_may_be_larger_than_a_body(anthropics: bool) -> None:
    """Its form waits on disk; what comes in a content coding does not, nor any other body."""
    small = override_settings(MAX_BODY_BYTES=10_000, MAX_FILE_BYTES=100_000)
    kind = "anthropic" if anthropics else "openai"
    headers = {**HEADERS, "x-routing-profile": "light"}
    if anthropics:
        headers |= {"anthropic-version": "2023-06-01", "anthropic-beta": BETA}

    def upload(size: int, **more: str) -> int:
        return httpx.post(
            f"{gateway.url}/v1/files",
            files={"file": ("notes.txt", b"x" * size)},
            data={} if anthropics else {"purpose": "user_data"},
            headers=headers | more,
        ).status_code

    with (
        small,
        FileProvider() as held,
        served(chain(provider("x", held.base_url, kind=kind))) as gateway,
    ):
        assert upload(50_000) == 200
        assert upload(150_000) == 413
        assert upload(50_000, **{"content-encoding": "gzip"}) == 413
        body = {"model": "light/light", "messages": [{"role": "user", "content": "x" * 50_000}]}
        chat = httpx.post(f"{gateway.url}/v1/chat/completions", json=body, headers=HEADERS)
        assert chat.status_code == 413
