"""Every route that changes something leaves an entry in the audit log, or says here why not."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Iterator
from typing import Any, Final

import pytest
from django.contrib import admin as django_admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import get_resolver
from pytest_django import Settings

from gateway.collector.places import places
from governance import services
from governance.api.urls import urlpatterns as rest_patterns
from governance.models import AuditEntry, HeuristicRule, Provider
from tests.gateway.console.conftest import Engine
from tests.gateway.console.test_two_factor import code
from tests.governance.api.test_budgets import limit_document
from tests.governance.conftest import profile_document, provider_document

pytestmark = pytest.mark.django_db

UNAUDITED_REST: Final = {
    "POST routing-profiles/simulate": "answers a question",
    "POST limits/replay": "answers a question",
}
NOTED_REST: Final = {
    "POST alerts/<int:row_id>/test": "governance/api/test_alerts.py",
    "POST own-keys": "governance/api/test_own_keys.py",
    "POST own-keys/<str:key_id>/rotate": "governance/api/test_own_keys.py",
    "DELETE own-keys/<str:key_id>": "governance/api/test_own_keys.py",
    "POST prices/recompute": "governance/test_costs.py",
    "POST providers/<str:name>/override": "governance/api/test_overrides.py",
    "DELETE providers/<str:name>/override": "governance/api/test_overrides.py",
}
"""Those whose entries another file looks at."""
NOTED_DESK: Final = {
    "alerts/<int:pk>/test": "the service of the API",
    "connection/<int:pk>/override": "the service of the API",
    "engine/add": "noted as loading is; what it does needs the network",
    "engine/default": "the services of providers and profiles",
    "own-keys/create": "the service of the API",
    "passkeys/add": "gateway/console/test_passkeys.py",
    "passkeys/remove": "gateway/console/test_passkeys.py",
    "people/<int:pk>/invite": "gateway/console/test_password_links.py",
    "people/<int:pk>/ways-in/remove": "gateway/console/people/test_ways_in.py",
}
UNAUDITED_DESK: Final = {
    "connection/<int:pk>/copy": "fills a form that is saved, and noted, on its own page",
    "connection/<int:pk>/models": "lists what the provider has",
    "connection/<int:pk>/test": "asks the provider for one token",
    "connection/try": "asks the provider for one token",
    "limits/replay": "answers a question",
    "passkeys/options": "says what the browser is to make",
    "playground/code": "answers a question",
    "playground/send": "is a request like any other, with a record of its own",
    "rehearse": "answers a question",
    "replay": "answers a question",
}
"""Routes of the console that take a POST and nothing else."""

PRICE: Final = {"model": "m", "input": 1, "output": 1, "valid_from": "2026-01-01"}
WRITTEN: Final[dict[str, tuple[str, dict[str, Any], dict[str, Any], dict[str, Any]]]] = {
    "providers": (
        "provider",
        provider_document("extra"),
        {"idle_timeout": 9},
        {"total_timeout": 99},
    ),
    "routing-profiles": (
        "routing profile",
        profile_document("extra"),
        {"description": "another"},
        {},
    ),
    "keys": ("API key", {"name": "k", "scopes": ["inference"]}, {}, {"enabled": False}),
    "heuristic-rules": (
        "heuristic rule",
        {"name": "r", "profile": "light"},
        {"enabled": False},
        {"name": "s"},
    ),
    "model-mappings": (
        "model mapping",
        {"pattern": "p", "destination": "light"},
        {"enabled": False},
        {"pattern": "q"},
    ),
    "groups": ("group", {"name": "Blue"}, {"name": "Red"}, {"name": "Green"}),
    "limits": ("limit", limit_document(), {"amount": "7"}, {"amount": "8"}),
    "prices": ("price", PRICE, {"input": 2}, {"input": 3}),
    "alerts": (
        "alert",
        {"name": "failing", "condition": "provider_failing"},
        {"enabled": False},
        {"name": "fails"},
    ),
}
"""By path: what the log calls it, one of it, what PUT changes and what PATCH does."""


class Log:
    """The entries, as far as a test has not looked at them."""

    def __init__(self) -> None:
        self._seen = AuditEntry.objects.count()

    def new(self) -> list[tuple[str, str, str]]:
        rows = AuditEntry.objects.order_by("pk")[self._seen :]
        found = [(row.via, row.action, row.object_type) for row in rows]
        self._seen += len(found)
        return found


@pytest.fixture
def browser() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root", password="pw-0123456789"))
    return client


@pytest.fixture(autouse=True)
def rows() -> None:
    services.save_provider(provider_document(), who="t")
    services.save_profile(profile_document(), who="t")


@pytest.fixture
def collector() -> Iterator[None]:
    """Somebody who hears what the collector would."""
    place = places().socket
    place.parent.mkdir(parents=True, exist_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(place))
        yield
    place.unlink()


class Rest:
    """Calls routes of the API and keeps which ones, and what the log said of each."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._log = Log()
        self.done: dict[str, list[tuple[str, str, str]]] = {}

    def __call__(self, method: str, route: str, body: Any = None, **names: Any) -> Any:
        path = re.sub(r"<\w+:(\w+)>", lambda found: str(names[found[1]]), route)
        self._log.new()
        answer = self._client.generic(
            method,
            f"/api/governance/{path}",
            json.dumps(body) if body is not None else "",
            content_type="application/json",
        )
        assert answer.status_code < 300, (method, path, answer.content)
        self.done[f"{method} {route}"] = self._log.new()
        return answer.json() if answer.content else None


def rest_routes() -> set[str]:
    """Those that may change something, as `POST providers`."""
    found = set()
    for pattern in rest_patterns:
        for method in getattr(pattern.callback, "actions", {}):
            if method not in ("get", "head"):
                found.add(f"{method.upper()} {pattern.pattern}")
    return found


def write_one_of(api: Rest, path: str, routes: set[str]) -> dict[str, tuple[str, str]]:
    """Makes, changes and deletes one. What the log is to say, by route."""
    kind, document, put, patch = WRITTEN[path]
    removing = f"DELETE {path}/<"
    one = next(r[len("DELETE ") :] for r in routes if r.startswith(removing) and r[-1] == ">")
    name = one.partition(":")[2].rstrip(">")
    (made,) = (v for v in api("POST", path, document).values() if isinstance(v, dict))
    named = {name: made["name"] if path == "providers" else made["id"]}
    expected = {f"POST {path}": ("create", kind), f"DELETE {one}": ("delete", kind)}
    for method, body in (("PUT", {**document, **put}), ("PATCH", patch)):
        if f"{method} {one}" in routes:
            api(method, one, body, **named)
            expected[f"{method} {one}"] = ("change", kind)
    if path == "limits":
        extra = {"limit": made["id"], "amount": "20", "from": "2026-11-01", "windows": 2}
        grant = api("POST", "grants", extra)["grant"]
        api("DELETE", "grants/<int:row_id>", row_id=grant["id"])
        expected["POST grants"] = ("create", "extra amount")
        expected["DELETE grants/<int:row_id>"] = ("delete", "extra amount")
    api("DELETE", one, **named)
    return expected


def write_keys(api: Rest) -> dict[str, tuple[str, str]]:
    """What groups may make, and secrets that are rotated."""
    group = services.GROUPS.save({"name": "Crew"}, who="t").document["id"]
    allowance = api("POST", "key-allowances", {"group": group, "members": ["root"]})
    one, row = "key-allowances/<int:row_id>", allowance["allowance"]["id"]
    api("PATCH", one, {"days": 7}, row_id=row)
    api("PUT", one, {"group": group, "members": ["root"], "days": 8}, row_id=row)
    api("DELETE", one, row_id=row)
    expected = {}
    verbs = {f"POST {one[:14]}": "create", f"PATCH {one}": "change", f"PUT {one}": "change"}
    for route, verb in {**verbs, f"DELETE {one}": "delete"}.items():
        expected[route] = (verb, "key allowance")
    key, _ = services.create_key({"name": "turned", "scopes": ["inference"]}, who="t")
    api("POST", "keys/<str:key_id>/rotate", {}, key_id=key.document["id"])
    expected["POST keys/<str:key_id>/rotate"] = ("rotate", "API key")
    return expected


def test_rest(browser: Client, collector: None) -> None:
    api = Rest(browser)
    routes = rest_routes()
    expected = write_keys(api)
    for path in WRITTEN:
        expected |= write_one_of(api, path, routes)
    rules = [services.save_rule({"name": n, "profile": "light"}, who="t") for n in "ab"]
    order = [rule.document["id"] for rule in reversed(rules)]
    api("PUT", "heuristic-rules/order", {"order": order})
    expected["PUT heuristic-rules/order"] = ("reorder", "heuristic rule")
    api("DELETE", "providers/<str:name>/repairs", name="fast")
    expected["DELETE providers/<str:name>/repairs"] = ("forget repairs", "provider")
    api("POST", "routing-profiles/import", {"routing_profiles": [profile_document("new")]})
    expected["POST routing-profiles/import"] = ("create", "routing profile")
    api("POST", "revisions/<int:version>/revert", {}, version=2)
    expected["POST revisions/<int:version>/revert"] = ("revert", "routing profile")
    for route, (action, kind) in expected.items():
        told = api.done[route]
        assert (action, kind) in {(one[1], one[2]) for one in told}, (route, told)
        assert {one[0] for one in told} <= {"api", "import"}, (route, told)
    assert routes == set(expected) | set(UNAUDITED_REST) | set(NOTED_REST)


def desk_routes(client: Client) -> set[str]:
    """What of the console and of signing in takes a POST and nothing else."""
    found = set()
    for pattern in _leaves(get_resolver().url_patterns, ""):
        if pattern.startswith("admin/") and not pattern.startswith("admin/governance/"):
            path = "/" + re.sub(r"<int:\w+>", str(Provider.objects.get().pk), pattern)
            if "<" not in path and "(" not in path and client.get(path).status_code == 405:
                found.add(pattern.removeprefix("admin/"))
    return found


def _leaves(patterns: Any, before: str) -> Iterator[str]:
    for one in patterns:
        here = f"{before}{one.pattern}".replace("^", "").replace("$", "")
        if hasattr(one, "url_patterns"):
            yield from _leaves(one.url_patterns, here)
        else:
            yield here


def test_desk(browser: Client, engine: Engine, collector: None, settings: Settings) -> None:
    settings.ENGINE_SOCKET = engine.socket
    engine.model("noted")
    provider = Provider.objects.get()
    posted = {
        "engine/load": ({"model": "noted"}, "load", "local model"),
        "engine/unload": ({"model": "noted"}, "unload", "local model"),
        "engine/remove": ({"model": "noted", "sure": "1"}, "remove", "local model"),
        "connection/<int:pk>/keep": ({"models": ["m-9"]}, "change", "provider"),
        "connection/<int:pk>/repairs": ({}, "forget repairs", "provider"),
        "sessions/end": ({"session": "others"}, "end session", "user"),
        "two-factor/on": ({}, "create", "two-factor sign-in"),
        "two-factor/off": ({"password": "pw-0123456789"}, "delete", "two-factor sign-in"),
        "logout/": ({}, "sign out", "user"),
    }
    assert desk_routes(browser) == set(posted) | set(UNAUDITED_DESK) | set(NOTED_DESK)
    other = Client()
    other.force_login(User.objects.get())
    log = Log()
    for route, (form, action, kind) in posted.items():
        if route == "two-factor/on":
            form = {"code": code(browser.get("/admin/two-factor/").context["secret"])}
        answer = browser.post(f"/admin/{route.replace('<int:pk>', str(provider.pk))}", form)
        assert answer.status_code in (200, 302), route
        if route == "engine/load":
            engine.until("noted", "ready")
        assert ("page", action, kind) in log.new(), route


def test_pages_of_models_have_no_route_that_nobody_looked_at() -> None:
    """What models' pages have beside Django's own, each with its entry tested elsewhere or none."""
    own = {
        "revert": "test_rest: the same service",
        "compare": "reads",
        "recompute": "test_costs: the service of the API",
        "rotate": "test_rest: the same service",
        "switch": "a change of a profile by its service",
        "import": "the same service as over REST",
        "export": "reads",
        "export-audit": "reads",
        "duplicate": "fills a form",
        "password": "test_audit: people are watched",
    }
    usual = {"", "add", "history", "delete", "change"}
    found = set()
    for model_admin in django_admin.site._registry.values():
        for pattern in model_admin.get_urls():
            words = re.sub(r"<[^>]+>|\(.*?\)", "", str(pattern.pattern)).strip("/^$").split("/")
            found.add(words[-1])
    assert found <= usual | set(own), found - usual - set(own)


def test_what_was_refused_leaves_none(browser: Client, settings: Settings) -> None:
    settings.ENGINE_SOCKET = "/nowhere/engine.sock"
    log = Log()
    browser.post("/admin/engine/load", {"model": "noted"})
    browser.post(f"/admin/connection/{Provider.objects.get().pk}/repairs")
    assert browser.delete("/api/governance/providers/fast/repairs").status_code == 501
    assert log.new() == []
    assert not HeuristicRule.objects.exists()
