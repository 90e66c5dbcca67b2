"""Secrets planted everywhere a service takes one, and searched for everywhere it says something."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import httpx
import pytest

from tests.service.operator import Operator
from tests.support import openai_shapes as shapes
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.upstream import Asked, Json, Sse, Upstream

CANARIES: Final = {
    what: f"canary-{number:02d}-Zk9/qT7+xW3vB5mR8"
    for number, what in enumerate(
        (
            *("credential", "replaced credential", "credential of a deleted provider"),
            *("header", "refused credential", "refused header"),
            *("password", "wrong password", "unknown API key", "key in a query"),
            *("prompt", "answer", "broken body", "simulated prompt"),
        )
    )
}
CONTROL: Final = "control-Zk9/qT7+xW3vB5mR8"
"""Planted in a description: no secret, so that it is found."""
LISTED: Final = (
    *("providers", "routing-profiles", "routing-profiles/export", "keys", "heuristic-rules"),
    *("model-mappings", "groups", "limits", "grants", "prices", "usage", "revisions", "audit"),
    *("audit/export", "interactions", "interactions/export", "provider-kinds"),
)
SHOWN: Final = {
    *("GET routing-profiles", "GET routing-profiles/export", "GET audit", "GET audit/export"),
    "revision",
}
"""Where it is found at least."""
PAGES: Final = (
    *("", "engine/", "playground/", "usage/", "sessions/", "two-factor/"),
    *("governance/provider/", "governance/routingprofile/", "governance/apikey/"),
    *("governance/revision/", "governance/interaction/", "governance/auditentry/", "auth/user/"),
)


def forms(secret: str) -> tuple[bytes, ...]:
    """As it may be written somewhere."""
    raw = secret.encode()
    return raw, base64.b64encode(raw).rstrip(b"="), raw.hex().encode(), quote(secret).encode()


def echo(asked: Asked) -> Json | Sse:
    """A provider that quotes what it was sent, as some do in their errors."""
    told = {"error": {"message": f"no: {asked.headers}", "code": "bad"}}
    if "whole" in asked.raw.decode():
        return Json(shapes.completion(CANARIES["answer"]))
    if "stream" in asked.raw.decode():
        return Sse([*shapes.stream("a")[:2], shapes.data(told)])
    return Json(told, status=401)


class Heard:
    """What the service answered."""

    def __init__(self) -> None:
        self.all: list[tuple[str, bytes]] = []

    def __call__(self, what: str, answer: httpx.Response) -> httpx.Response:
        head = "\n".join(f"{k}: {v}" for k, v in answer.headers.items())
        self.all.append((what, head.encode() + b"\n\n" + answer.content))
        return answer


def plant(operator: Operator, heard: Heard, upstream: Upstream) -> list[str]:
    """What the service is told, rightly and wrongly. API keys that were made."""
    api = operator.api
    credential = {"api_key": CANARIES["replaced credential"]}
    name = operator.provider(
        upstream, **credential, extra_headers={"x-house-token": CANARIES["header"]}
    )
    gone = operator.provider(upstream, api_key=CANARIES["credential of a deleted provider"])
    heard("delete", api.delete(f"/providers/{gone}"))
    heard("patch", api.patch(f"/providers/{name}", json={"api_key": CANARIES["credential"]}))
    refused = CANARIES["refused credential"]
    for value in ([refused], {"a": refused}):
        answer = heard("refused", api.patch(f"/providers/{name}", json={"api_key": value}))
        assert answer.status_code == 400, (value, answer.text)
    for header in ({"x a": CANARIES["refused header"]}, {"x": [CANARIES["refused header"]]}):
        answer = api.patch(f"/providers/{name}", json={"extra_headers": header})
        assert heard("refused", answer).status_code == 400
    made = heard("key", api.post("/keys", json={"name": "canary", "scopes": ["inference"]})).json()
    heard.all.pop()
    profile = operator.profile(
        {"provider": name, "model": "m"}, local_fallback="never", description=CONTROL
    )
    model = f"{profile['virtual_provider']}/m"
    prompt = CANARIES["prompt"]
    ask(operator, heard, model, prompt)
    ask(operator, heard, model, f"{prompt} stream", stream=True)
    heard("whole", operator.ask(model, user=f"whole {prompt}"))
    heard.all.pop()
    question = {
        "model": model,
        "messages": [{"role": "user", "content": CANARIES["simulated prompt"]}],
    }
    heard("simulate", api.post("/routing-profiles/simulate", json={"request": question}))
    return [made["secret"]]


def ask(operator: Operator, heard: Heard, model: str, prompt: str, **more: Any) -> None:
    """The same request, rightly and in ways that are refused."""
    url = f"{operator.url}/v1/chat/completions"
    body = {"model": model, "messages": [{"role": "user", "content": prompt}], **more}
    heard("chat", httpx.post(url, json=body, headers=operator.headers, timeout=30))
    stranger = {"Authorization": f"Bearer {CANARIES['unknown API key']}"}
    assert heard("401", httpx.post(url, json=body, headers=stranger)).status_code == 401
    query = f"{url}?key={quote(CANARIES['key in a query'])}"
    heard("query", httpx.post(query, json=body, headers=operator.headers, timeout=30))
    broken = b'{"model": "m", "messages": "' + CANARIES["broken body"].encode()
    heard("broken", httpx.post(url, content=broken, headers=operator.headers))


def sign_in(service: Installation, heard: Heard) -> httpx.Client:
    """The desk, after a wrong password and another person's."""
    browser = httpx.Client(base_url=f"{service.url}/admin/", follow_redirects=True, timeout=30)

    def send(path: str, **fields: str) -> httpx.Response:
        page = browser.get(path)
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        assert token is not None, page.text[:500]
        data = {"csrfmiddlewaretoken": token[1], **fields}
        headers = {"Referer": str(page.url)}
        return heard(f"POST {path}", browser.post(path, data=data, headers=headers))

    send("login/", username="admin", password=CANARIES["wrong password"])
    send("login/", username="admin", password=service.password)
    one = CANARIES["password"]
    made = send("auth/user/add/", username="canary", password1=one, password2=one)
    assert "canary" in made.text
    return browser


def said(service: Installation, operator: Operator, browser: httpx.Client) -> Iterator[Any]:
    """Everything it says, by where."""
    for path in LISTED:
        yield f"GET {path}", operator.api.get(f"/{path}").content
    for row in operator.api.get("/revisions").json()["revisions"]:
        yield "revision", operator.api.get(f"/revisions/{row['version']}").content
    for path in PAGES:
        page = browser.get(path)
        assert page.status_code == 200, path
        yield f"page {path}", page.content
        for link in set(re.findall(rf'href="(/admin/{path}[^"?]+/change/)"', page.text)):
            yield link, browser.get(link).content
    for path in ("/metrics", "/readyz", "/api/schema"):
        yield path, httpx.get(service.url + path, headers=operator.headers).content
    yield "log", service.output.encode()
    for pid in (service.process.pid, *service.descendants()):
        for what in ("cmdline", "environ"):
            yield f"{what} of process {pid}", Path(f"/proc/{pid}/{what}").read_bytes()
    for file in sorted(service.data_dir.rglob("*")):
        if file.is_file():
            yield str(file.relative_to(service.data_dir)), file.read_bytes()


def provider_name(provider: Upstream, operator: Operator) -> str:
    rows = operator.api.get("/providers").json()["providers"]
    return next(str(row["name"]) for row in rows if row["base_url"] == provider.base_url)


@pytest.fixture
def provider() -> Iterator[Upstream]:
    with Upstream(echo) as upstream:
        yield upstream


def test_no_canary_is_seen_again(
    installation: Installation, operator: Operator, provider: Upstream
) -> None:
    heard = Heard()
    keys = plant(operator, heard, provider)
    browser = sign_in(installation, heard)
    sent = {one.headers["authorization"] for one in provider.asked}
    assert sent == {f"Bearer {CANARIES['credential']}"}, "the canary is what is sent"
    recorded = "/interactions?provider=" + provider_name(provider, operator)
    eventually(lambda: operator.api.get(recorded).json()["interactions"][4:])
    planted = {**CANARIES, **{f"API key {n}": key for n, key in enumerate(keys)}}
    texts = [*heard.all, *said(installation, operator, browser)]
    found = [
        (what, where)
        for where, text in texts
        for what, secret in planted.items()
        if any(form in text for form in forms(secret))
    ]
    assert not found
    shown = {where for where, text in texts if CONTROL.encode() in text}
    assert shown >= SHOWN, SHOWN - shown
    assert any(where.startswith("pointsman.sqlite3") for where in shown), "files are searched"
