"""`python -m tests.upgrade.record`: keeps a state of the version that is checked out.

Everything in it is made over REST and by chat requests to a running service. A state is made once,
by the version it is named after; `STATE` says which.
"""

from __future__ import annotations

import itertools
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlsplit

import httpx

from tests.support import anthropic_shapes, openai_shapes, postgres
from tests.support.installation import Installation, manage
from tests.support.upstream import Cut, Json, Sse, Upstream
from tests.upgrade import state
from tests.upgrade.state import GATEWAY, ROOT, Kept

CLOUD: Final = {"POINTSMAN_ENABLE_CLOUD_ROUTING": "true"}
DEFAULTS: Final = """
from governance.defaults import load_embedded_defaults
made = load_embedded_defaults(with_model=True)
print(made.password, made.api_key)
"""
"""What the first start with the local model makes, without fetching the model."""

FILTERS: Final = (
    "?limit=500",
    "?limit=7",
    "?outcome=ok",
    "?outcome=refused&limit=2",
    "?fallback=target",
    "?provider=ACME",
    "?profile=writing",
    "?key=app",
    "?error=http_503",
    "?model=acme-large",
    "?requested_model=writing/draft",
    "?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z",
)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        _record("sqlite", Path(folder), CLOUD)
        state.keep_files("sqlite", Path(folder))
    with tempfile.TemporaryDirectory() as folder, postgres.server() as server:
        with_database = {**CLOUD, "POINTSMAN_DATABASE_URL": server}
        _record("postgres", Path(folder), with_database)
        state.keep_files("postgres", Path(folder))
        state.keep_dump(_dump(server))


def _dump(url: str) -> str:
    programs = postgres._programs()
    assert programs is not None
    options = ("--no-owner", "--no-privileges", "--inserts", "--rows-per-insert=50")
    command = [str(programs / "pg_dump"), *options, f"--dbname={url}"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _record(database: str, data_dir: Path, environment: dict[str, str]) -> None:
    assert manage(data_dir, "migrate", **environment).returncode == 0
    made = manage(data_dir, "shell", "-c", DEFAULTS, **environment)
    password, default = made.stdout.split()[-2:]
    admin = manage(
        data_dir,
        "create_api_key",
        "operator",
        "--scopes",
        "governance:read,governance:write",
        **environment,
    ).stdout.strip()
    secrets = {"default": default, "operator": admin}
    with (
        Installation(data_dir, "--no-model", **environment) as service,
        _client(service.url, admin) as client,
    ):
        with _upstreams() as upstreams:
            _configure(client, upstreams, secrets)
            asked = _chat(service.url, secrets)
        _await_interactions(client, asked)
    # Uses of keys have been noted when the service has ended.
    with (
        Installation(data_dir, "--no-model", **environment) as service,
        _client(service.url, admin) as client,
    ):
        answers = {path: state.answer(client, path) for path in _addresses(client)}
        for path in list(answers):
            _follow(client, path, answers)
    state.keep(database, Kept(secrets, password, answers))


def _client(url: str, key: str) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=url, headers=headers, timeout=30)


@contextmanager
def _upstreams() -> Iterator[dict[str, Upstream]]:
    """Providers that answer, each in its protocol; `flaky` fails in different ways first."""
    chat = Json(openai_shapes.completion("Hello.", model="acme-large"))
    message = Json(
        anthropic_shapes.message([{"type": "text", "text": "Hello."}], model="claude-sonnet-4-5")
    )
    with ExitStack() as stack:
        yield {
            name: stack.enter_context(Upstream(*replies))
            for name, replies in {
                "acme": (chat, Sse(openai_shapes.stream("Hel", "lo.", model="acme-large")), chat),
                "claude": (message, Sse(anthropic_shapes.stream("Hel", "lo.")), message),
                "studio": (Sse(openai_shapes.stream("Hello.", model="local-model")),),
                "flaky": (
                    Json({"error": {"message": "busy"}}, status=503),
                    Cut(),
                    Json({"error": {"message": "slow down"}}, 429, {"retry-after": "1"}),
                ),
                "cross": (
                    Json({"error": {"message": "bad request"}}, status=400),
                    Json({"error": {"message": "no such key"}}, status=401),
                ),
            }.items()
        }


def _configure(
    client: httpx.Client, upstreams: dict[str, Upstream], secrets: dict[str, str]
) -> None:
    def send(method: str, path: str, body: Any = None) -> Any:
        found = client.request(method, f"{ROOT}{path}", json=body)
        assert found.status_code in (200, 201, 204), (method, path, found.text)
        return found.json() if found.content else None

    for document in (
        {
            "name": "acme",
            "kind": "openai",
            "base_url": upstreams["acme"].base_url,
            "api_key": "sk-acme-original",
            "extra_headers": {"X-Organisation": "org-original", "X-Team": "red"},
            "models": ["acme-large", "acme-small"],
            "capabilities": ["text", "vision", "tools"],
            "idle_timeout": 12.5,
            "max_concurrency": 20,
        },
        {
            "name": "claude",
            "kind": "anthropic",
            "base_url": upstreams["claude"].base_url.removesuffix("/v1"),
            "api_key": "sk-ant-original",
            "is_local": False,
            "default_model": "claude-sonnet-4-5",
            "total_timeout": None,
        },
        {
            "name": "studio",
            "kind": "mlx",
            "base_url": upstreams["studio"].base_url,
            "api_key": "sk-studio-original",
            "default_model": "mlx-community/Qwen3-4B-4bit",
        },
        {"name": "bare", "kind": "openai", "base_url": "http://127.0.0.1:9/v1", "enabled": False},
        {
            "name": "flaky",
            "kind": "openai",
            "base_url": upstreams["flaky"].base_url,
            "extra_headers": {"X-Token": "token-original"},
            "is_local": True,
        },
        {
            "name": "cross",
            "kind": "openai",
            "base_url": upstreams["cross"].base_url,
            "api_key": "sk-cross-original",
            "is_local": True,
        },
        {"name": "second-engine", "kind": "mlx", "default_model": "another-model"},
    ):
        send("POST", "/providers", document)
    for document in (
        {
            "id": "writing",
            "name": "Writing",
            "description": "Two lines:\nthis is the second, with \u201cquotes\u201d and \u4e2d.",
            "virtual_provider": "writing",
            "targets": [
                {"provider": "flaky", "virtual_model": "draft", "model": "f-1", "priority": 0},
                {"provider": "acme", "model": "acme-large", "priority": 1, "weight": 0.25},
                {
                    "provider": "claude",
                    "virtual_model": "final",
                    "model": "claude-sonnet-4-5",
                    "priority": 2,
                    "request_types": ["chat", "messages"],
                    "capabilities": ["text", "vision"],
                    "rate_limit": {
                        "request_percent_threshold": 80,
                        "budget_percent_threshold": 99.5,
                    },
                },
            ],
        },
        {
            "name": "Balanced",
            "virtual_provider": "balanced",
            "strategy": "weighted",
            "local_fallback": "never",
            "targets": [
                {"provider": "acme", "virtual_model": "*", "model": "acme-small", "weight": 3},
                {"provider": "nobody", "virtual_model": "*", "model": "x", "weight": 0.5},
            ],
        },
        {
            "id": "at-home",
            "name": "At home",
            "virtual_provider": "home",
            "local_only": True,
            "targets": [
                {"provider": "studio", "virtual_model": "studio", "model": "qwen"},
                {"provider": "mlx", "virtual_model": "tiny", "model": "smollm2-135m-instruct"},
                {"provider": "acme", "model": "acme-large", "enabled": False},
            ],
        },
        {
            "id": "off",
            "name": "Off",
            "virtual_provider": "off",
            "enabled": False,
            "targets": [{"provider": "acme", "model": "acme-large"}],
        },
    ):
        send("POST", "/routing-profiles", document)
    for name, document in {
        "app": {"scopes": ["inference"]},
        "writer": {"scopes": ["inference"], "routing_profile": "writing", "priority": "high"},
        "home": {"scopes": ["inference"], "local_only": True, "local_fallback": "never"},
        "reader": {"scopes": ["governance:read"]},
        "disabled": {"scopes": ["inference"], "enabled": False},
        "expired": {"scopes": ["inference"], "expires_at": "2020-01-01T00:00:00Z"},
        "later": {"scopes": ["inference"], "expires_at": "2130-01-31T12:00:00.5+02:00"},
    }.items():
        made = send("POST", "/keys", {"name": name, **document})
        secrets[name] = made["secret"]
        if name == "app":
            owner = made["key"]["id"]
    send(
        "POST",
        "/routing-profiles",
        {
            "id": "private",
            "name": "Private",
            "virtual_provider": "private",
            "virtual_key_id": owner,
            "targets": [{"provider": "acme", "virtual_model": "large", "model": "acme-large"}],
        },
    )
    for document in (
        {
            "name": "sql",
            "profile": "writing",
            "position": 0,
            "conditions": [
                {"feature": "last_user_text", "operator": "any", "value": ["sql", "C++"]},
                {"feature": "prompt_tokens", "operator": "<=", "value": 1000.5},
            ],
        },
        {
            "name": "pictures",
            "profile": "Balanced",
            "match": "any",
            "conditions": [
                {"feature": "images", "operator": ">", "value": 0},
                {"feature": "reasoning", "operator": "==", "value": True},
            ],
            "enabled": False,
        },
    ):
        send("POST", "/heuristic-rules", document)
    for document in (
        {"pattern": "gpt-4o", "destination": "writing/draft"},
        {"pattern": "claude-", "match": "prefix", "destination": "claude", "priority": -1},
        {"pattern": "o[1-9].*", "match": "regex", "destination": "balanced/x", "enabled": False},
    ):
        send("POST", "/model-mappings", document)
    # Some history: changes, a deletion, an order, an import, a way back.
    send("PATCH", "/providers/acme", {"first_event_timeout": 30, "api_key": "sk-acme-original"})
    send("PATCH", "/providers/bare", {"name": "spare"})
    send("POST", "/providers", {"name": "gone", "kind": "openai", "base_url": "http://[::1]/v1"})
    send("DELETE", "/providers/gone")
    send("PATCH", "/providers/studio", {"max_concurrency": 2})
    order = [rule["id"] for rule in send("GET", "/heuristic-rules")["rules"]]
    send("PUT", "/heuristic-rules/order", {"order": order[::-1]})
    export = send("GET", "/routing-profiles/export")
    profiles = export["plugin"]["config"]["routing_profiles"]
    profiles[0]["description"] = "Changed by an import."
    send("POST", "/routing-profiles/import", export)
    version = send("GET", "/revisions?limit=1")["revisions"][0]["version"]
    send("POST", f"/revisions/{version - 1}/revert")
    send("PATCH", "/model-mappings/3", {"priority": 7})


def _chat(url: str, secrets: dict[str, str]) -> int:
    """Sends requests of all kinds and returns how many."""
    count = itertools.count(1)
    hello = [{"role": "user", "content": "Hello?"}]
    tools = [{"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]

    def ask(key: str, path: str = "chat/completions", **body: Any) -> int:
        headers = {"x-request-id": f"upgrade-{next(count)}"}
        if key:
            headers["Authorization"] = f"Bearer {secrets[key]}"
        answer = httpx.post(f"{url}/v1/{path}", json=body, headers=headers, timeout=60)
        return answer.status_code

    def chat(key: str, model: str, **more: Any) -> int:
        return ask(key, model=model, messages=hello, **more)

    time.sleep(1)  # until the service follows what was configured
    assert chat("app", "acme/acme-large") == 200
    assert chat("app", "acme/acme-large", stream=True) == 200
    assert ask("app", "messages", model="claude/", max_tokens=9, messages=hello) == 200
    assert chat("app", "claude/claude-sonnet-4-5", stream=True) == 200
    for _ in range(4):
        chat("writer", "writing/draft")
    for _ in range(2):
        chat("app", "cross/any")
    for _ in range(3):
        assert chat("app", "home/studio") == 200
    assert chat("home", "home/studio", stream=True, temperature=0.5) == 200
    chat("home", "acme/acme-large")
    chat("home", "claude/x")
    assert chat("app", "private/large") == 200
    assert chat("writer", "private/large") == 200
    chat("app", "off/x")
    chat("app", "nothing-of-the-kind")
    chat("app", "home/nothing")
    assert chat("app", "gpt-4o", tools=tools) == 200
    assert chat("app", "claude-opus-4") == 200
    assert chat("app", "balanced/any") == 200
    assert chat("later", "acme/acme-small", metadata={"routing_profile": "writing"}) == 200
    chat("app", "auto")
    assert ask("app", model="auto", messages=[{"role": "user", "content": "Some SQL"}]) == 200
    assert ask("app", "responses", model="acme/acme-large", input="Hello?") == 200
    assert ask("app", "messages", model="acme/acme-large", max_tokens=9, messages=hello) == 200
    ask("app", model="acme/acme-large")
    ask("app", model="acme/acme-large", messages=7)
    chat("disabled", "acme/acme-large")
    chat("expired", "acme/acme-large")
    chat("reader", "acme/acme-large")
    chat("", "acme/acme-large")
    chat("default", "spare/x")
    assert chat("default", "acme/\u4e2d\u6587") == 200
    return next(count) - 1


def _await_interactions(client: httpx.Client, count: int) -> None:
    deadline = time.monotonic() + 30
    while True:
        found = client.get(f"{ROOT}/interactions?limit=500").json()["interactions"]
        if len(found) >= count:
            return
        assert time.monotonic() < deadline, f"{len(found)} of {count} interactions"
        time.sleep(0.2)


def _addresses(client: httpx.Client) -> list[str]:
    """Everything that can be read."""

    def ids(path: str, plural: str, field: str) -> list[str]:
        return [quote(str(one[field])) for one in client.get(f"{ROOT}{path}").json()[plural]]

    versions = ids("/revisions?limit=1000", "revisions", "version")
    return [
        f"{ROOT}{path}"
        for path in (
            "/routing-profiles",
            "/routing-profiles/export",
            "/providers",
            "/keys",
            "/heuristic-rules",
            "/model-mappings",
            "/revisions?limit=1000",
            f"/revisions/compare?from={versions[-1]}&to={versions[0]}",
            f"/revisions/compare?from={versions[0]}&to={versions[-1]}",
            "/interactions/export",
            *(f"/interactions{query}" for query in FILTERS),
            *(f"/routing-profiles/{one}" for one in ids("/routing-profiles", "profiles", "id")),
            *(f"/providers/{one}" for one in ids("/providers", "providers", "name")),
            *(f"/keys/{one}" for one in ids("/keys", "keys", "id")),
            *(f"/heuristic-rules/{one}" for one in ids("/heuristic-rules", "rules", "id")),
            *(f"/model-mappings/{one}" for one in ids("/model-mappings", "mappings", "id")),
            *(f"/revisions/{one}" for one in versions),
            *(
                f"/interactions/{one}"
                for one in ids("/interactions?limit=500", "interactions", "id")
            ),
        )
    ]


def _follow(client: httpx.Client, path: str, answers: dict[str, dict[str, Any]]) -> None:
    """Keeps the pages behind a page too."""
    while path.startswith(f"{ROOT}/interactions?"):
        body = httpx.Response(200, text=answers[path]["body"]).json()
        if not (following := body["next"]):
            return
        parts = urlsplit(following.removeprefix(GATEWAY))
        path = f"{parts.path}?{parts.query}"
        if path in answers:
            return
        answers[path] = state.answer(client, path)


if __name__ == "__main__":
    main()
