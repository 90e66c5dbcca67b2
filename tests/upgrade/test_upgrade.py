"""An installation of an earlier version, brought to this one by `manage.py migrate` alone.

Everything is asked as callers ask it: over REST, and by chat requests that must reach a provider
with the credential that was kept, encrypted, by the earlier version.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
import pytest

from tests.support import anthropic_shapes, openai_shapes
from tests.support.installation import Installation, manage
from tests.support.upstream import Json, Sse, Upstream
from tests.upgrade import state
from tests.upgrade.state import DATABASES, ROOT, STATE, Kept

KIND_OF_MLX_SERVER: Final = "mlx_server"
"""What the kind of a provider `mlx` with an address becomes once it is a kind of its own. Until
then it is `mlx` still."""
ACCEPTED: Final = ("mlx", KIND_OF_MLX_SERVER)

GAINED: Final[dict[str, dict[str, object]]] = {
    "attempts": {"node": "", "group": None, "owner": None, "session": "", "fallback_reason": ""},
    "milliseconds": {
        "usage": None,
        "price": None,
        "cost_usd": None,
        "started_ms": None,
        "estimated": False,
        "cause": "",
    },
    "skipped": {"sticky": ""},
    "base_url": {"responses_models": [], "model_facts": []},
    "prefix": {
        "confined_to": [],
        "group": "",
        "owner": "",
        "addresses": [],
        "endpoints": [],
        "last_used_address": "",
        "last_used_client": "",
        "previous_until": None,
    },
    "virtual_provider": {
        "retries": None,
        "hedge_after": None,
        "on_broken_stream": "continue",
        "sticky_sessions": True,
        "return_after": 300,
        "spill_after": None,
        "cache": None,
        "shadow": None,
    },
    "virtual_model": {"hedge_after": None},
}
"""Fields that interactions, their attempts and providers have gained, by a field that tells them
apart, and what those that were kept must have there."""

HELLO: Final = [{"role": "user", "content": "Hello?"}]


class Upgraded:
    """The kept installation, migrated and running."""

    def __init__(self, database: str, data_dir: Path, service: Installation) -> None:
        self.database, self.data_dir, self.url = database, data_dir, service.url
        self.before: Kept = state.kept(database)
        with self.client() as client:
            self.now = {path: state.answer(client, path) for path in self.before.answers}
        """What was answered at first, before any test changed anything."""

    def client(self, key: str = "operator") -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.before.secrets[key]}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=30)

    def read(self, path: str) -> Any:
        with self.client() as client:
            return client.get(f"{ROOT}{path}").json()

    def chat(self, key: str, model: str, path: str = "chat/completions", **more: Any) -> Any:
        with self.client(key) as client:
            return client.post(f"/v1/{path}", json={"model": model, "messages": HELLO, **more})


@pytest.fixture(scope="module", params=DATABASES)
def upgraded(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Upgraded]:
    database: str = request.param
    data_dir = tmp_path_factory.mktemp("upgraded")
    state.restore_files(database, data_dir)
    if database == "sqlite":
        yield from _running(database, data_dir, {})
    else:
        with _Database(request.getfixturevalue("postgres_server")) as url:
            yield from _running(database, data_dir, {"POINTSMAN_DATABASE_URL": url})


class _Database:
    """A database of its own, on a server that may be somebody's."""

    def __init__(self, server: str) -> None:
        self._server = server
        self._name = f"pointsman_upgrade_{os.getpid()}"

    def __enter__(self) -> str:
        self._run(f"DROP DATABASE IF EXISTS {self._name}")
        self._run(f"CREATE DATABASE {self._name}")
        url = self._server.rpartition("/")[0] + f"/{self._name}"
        state.restore_dump(url)
        return url

    def __exit__(self, *_: object) -> None:
        self._run(f"DROP DATABASE {self._name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement.encode())


def _running(database: str, data_dir: Path, more: dict[str, str]) -> Iterator[Upgraded]:
    environment = {"POINTSMAN_ENABLE_CLOUD_ROUTING": "true", **more}
    ended = manage(data_dir, "migrate", "--no-input", **environment)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    with Installation(data_dir, "--no-model", **environment) as service:
        yield Upgraded(database, data_dir, service)


def test_every_address_answers_as_before(upgraded: Upgraded) -> None:
    """Documents, the export, revisions with what they changed, interactions, byte for byte; of a
    provider that is an mlx_lm.server the kind may have a name of its own now, and interactions have
    fields that they had not, which are empty."""
    assert len(upgraded.before.answers) > 100
    changed = []
    for path, before in upgraded.before.answers.items():
        now = upgraded.now[path]
        if now != before and _neutral(now) != _neutral(before):
            changed.append(f"{path}\nbefore: {before}\nnow:    {now}")
    assert not changed, f"{len(changed)} answers changed:\n" + "\n".join(changed[:5])


def test_the_two_kinds_of_mlx(upgraded: Upgraded) -> None:
    """Without an address it is the engine of this machine, with one a server."""
    listed = json.loads(upgraded.now[f"{ROOT}/providers"]["body"])
    found = {one["name"]: one for one in listed["providers"]}
    assert found["mlx"]["kind"] == found["second-engine"]["kind"] == "mlx"
    assert found["mlx"]["base_url"] == found["second-engine"]["base_url"] == ""
    assert found["studio"]["kind"] in ACCEPTED
    assert found["studio"]["base_url"].startswith("http://127.0.0.1:")
    assert found["mlx"]["is_default"]


def test_nothing_is_made_again(upgraded: Upgraded) -> None:
    """The service was started with `up`, which makes the embedded defaults where they are new."""
    path = f"{ROOT}/revisions?limit=1000"
    before, now = (json.loads(one[path]["body"]) for one in (upgraded.before.answers, upgraded.now))
    assert now["count"] == before["count"]


def test_keys_open_what_they_opened(upgraded: Upgraded) -> None:
    for key, status in {
        "operator": 200,
        "reader": 200,
        "default": 200,
        "app": 403,
        "disabled": 401,
        "expired": 401,
    }.items():
        with upgraded.client(key) as client:
            assert client.get(f"{ROOT}/providers").status_code == status, key
    for key, status in {"reader": 403, "disabled": 401, "expired": 401}.items():
        assert upgraded.chat(key, "acme/any").status_code == status, key
    with upgraded.client("app") as client:
        models = {one["id"] for one in client.get("/v1/models").json()["data"]}
    assert {"writing/draft", "writing/final", "private/large", "home/tiny"} <= models


def test_the_admin_still_signs_in(upgraded: Upgraded) -> None:
    with httpx.Client(base_url=upgraded.url, timeout=30) as client:
        client.get("/admin/login/")
        form = {
            "username": "admin",
            "password": upgraded.before.password,
            "csrfmiddlewaretoken": client.cookies["csrftoken"],
        }
        assert client.post("/admin/login/", data=form).status_code == 302
        assert client.get("/admin/").status_code == 200


def test_lines_of_the_day_files_stay(upgraded: Upgraded) -> None:
    """More may follow on them."""
    kept = sorted((STATE / f"{upgraded.database}.data" / "interactions").iterdir())
    assert kept
    for path in kept:
        now = (upgraded.data_dir / "interactions" / path.name).read_bytes()
        assert now.startswith(path.read_bytes())


def test_providers_get_the_credentials_that_were_kept(upgraded: Upgraded) -> None:
    """Each in its protocol: providers are moved to a new address, which leaves their secrets."""
    completion = Json(openai_shapes.completion("Hello."))
    message = Json(anthropic_shapes.message([{"type": "text", "text": "Hello."}]))
    with (
        Upstream(completion) as acme,
        Upstream(message) as claude,
        Upstream(Sse(openai_shapes.stream("Hello."))) as studio,
        Upstream(completion) as flaky,
        upgraded.client() as client,
    ):
        for name, address in {
            "acme": acme.base_url,
            "claude": claude.base_url.removesuffix("/v1"),
            "studio": studio.base_url,
            "flaky": flaky.base_url,
        }.items():
            answer = client.patch(f"{ROOT}/providers/{name}", json={"base_url": address})
            assert answer.status_code == 200, answer.text
        time.sleep(1)  # until the service follows
        for key, model in {
            "default": "acme/acme-large",
            "app": "private/large",
            "home": "home/studio",
            "writer": "writing/draft",
            "later": "claude/claude-sonnet-4-5",
        }.items():
            answer = upgraded.chat(key, model)
            assert answer.status_code == 200, (model, answer.text)
    assert acme.asked[0].headers["authorization"] == "Bearer sk-acme-original"
    assert acme.asked[0].headers["x-organisation"] == "org-original"
    assert acme.asked[0].headers["x-team"] == "red"
    assert claude.asked[0].headers["x-api-key"] == "sk-ant-original"
    assert studio.asked[0].headers["authorization"] == "Bearer sk-studio-original"
    assert studio.asked[0].body["model"] in ("qwen", "default_model")
    assert flaky.asked[0].headers["x-token"] == "token-original"
    _the_log_goes_on(upgraded, 5)


def _the_log_goes_on(upgraded: Upgraded, more: int) -> None:
    """New interactions stand before those that were kept."""
    kept = json.loads(upgraded.before.answers[f"{ROOT}/interactions?limit=500"]["body"])
    old = [one["id"] for one in kept["interactions"]]
    deadline = time.monotonic() + 20
    while True:
        ids = [one["id"] for one in upgraded.read("/interactions?limit=500")["interactions"]]
        if len(ids) >= len(old) + more or time.monotonic() > deadline:
            break
        time.sleep(0.2)
    assert len(ids) >= len(old) + more
    assert ids[-len(old) :] == old


def test_the_way_back_is_open(upgraded: Upgraded) -> None:
    """What a revision of the earlier version knew can be brought back; it is only rehearsed."""
    listed = json.loads(upgraded.now[f"{ROOT}/revisions?limit=1000"]["body"])
    versions = [one["version"] for one in listed["revisions"]]
    with upgraded.client() as client:
        for version in versions[:6]:
            answer = client.post(f"{ROOT}/revisions/{version}/revert?dry_run=true")
            assert answer.status_code == 200, answer.text


def test_the_export_can_be_imported(upgraded: Upgraded) -> None:
    body = upgraded.before.answers[f"{ROOT}/routing-profiles/export"]["body"]
    with upgraded.client() as client:
        answer = client.post(
            f"{ROOT}/routing-profiles/import?dry_run=true",
            content=body.encode(),
            headers={"Content-Type": "application/json"},
        )
    found = answer.json()
    assert (found["created"], found["changed"], found["removed"]) == ([], [], [])


def _neutral(answer: dict[str, Any]) -> Any:
    """The answer with one name for the kind of an mlx_lm.server, and without what interactions have
    gained; the order of fields kept."""
    if answer["type"].startswith("application/x-ndjson"):
        texts = answer["body"].splitlines()
    elif answer["type"].startswith("application/json"):
        texts = [answer["body"]]
    else:
        return answer
    return {**answer, "body": [json.dumps(json.loads(t, object_hook=_neutral_one)) for t in texts]}


def _neutral_one(one: dict[str, Any]) -> dict[str, Any]:
    for mark, gained in GAINED.items():
        if mark in one:
            empty = [name for name, value in gained.items() if one.get(name, ...) == value]
            one = {name: value for name, value in one.items() if name not in empty}
    if "prefix" in one and isinstance(one.get("version"), int):
        # Who could make keys still may: the right has a scope of its own since.
        scopes = [scope for scope in one["scopes"] if scope != "keys"]
        one = {name: value for name, value in one.items() if name != "version"}
        one["scopes"] = scopes
    if one.get("kind") in ACCEPTED and one.get("base_url"):
        return {**one, "kind": KIND_OF_MLX_SERVER}
    return one
