"""Nothing that a page says is hard-wired: in a made-up language every word of it is of that one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Group as Role
from django.contrib.auth.models import User
from django.test import Client

from gateway.apps import request_types
from governance import kinds, services, snapshot
from governance.models import ApiKey, AuditEntry, HeuristicRule, ModelMapping
from governance.models.api_key import SCOPES
from governance.routing.heuristics import FEATURE_NAMES, OPERATORS
from governance.routing.vocabulary import FEATURES, MODALITIES
from tests.governance.conftest import profile_document, provider_document
from tests.governance.interactions.rows import insert_many
from tests.support.pseudo_language import CODE, bare_words, spoken

pytestmark = pytest.mark.django_db

ROWS = "governance"
LISTS = (
    *("routingprofile", "provider", "heuristicrule", "modelmapping", "apikey", "group", "limit"),
    *("modelprice", "alertrule", "keyallowance"),
)
PAGES = (
    "",
    "password_change/",
    *(f"{ROWS}/{model}/" for model in (*LISTS, "revision", "auditentry")),
    *(f"{ROWS}/{model}/add/" for model in LISTS),
    *(f"{ROWS}/{model}/?q=nowhere" for model in LISTS if model != "keyallowance"),
    f"{ROWS}/routingprofile/l-1/change/",
    f"{ROWS}/routingprofile/l-1/history/",
    f"{ROWS}/routingprofile/l-1/delete/",
    f"{ROWS}/routingprofile/import/",
    "exchange/",
    f"{ROWS}/provider/PROVIDER/change/",
    f"{ROWS}/provider/PROVIDER/delete/",
    f"{ROWS}/apikey/KEY/change/",
    f"{ROWS}/limit/LIMIT/change/",
    f"{ROWS}/heuristicrule/RULE/change/",
    f"{ROWS}/modelmapping/MAPPING/change/",
    f"{ROWS}/revision/2/change/",
    f"{ROWS}/revision/2/revert/",
    f"{ROWS}/revision/compare/?from=1&to=3",
    "auth/user/",
    "auth/user/add/",
    "auth/user/USER/change/",
    "auth/group/",
    "engine/",
    "playground/",
    "usage/",
    f"{ROWS}/interaction/",
    f"{ROWS}/interaction/1/change/",
    "interactions/sessions/",
    "own-keys/",
    "sessions/",
    "nothing/here",
    "search/?q=l-1",
    "search/do?kind=profile&id=l-1&to=off",
)
LOGS = tuple(f"{ROWS}/{one}" for one in ("rev", "audit", "routingprofile/l-1/hist", "apikey/"))
"""Pages that show what was recorded."""
DATA = (
    *("Pointsman", "UTC", "JSON", "YAML", "REST", "CSV", "JSONL", "curl", "nowhere", "manage.py"),
    *("Ctrl + K", "esc", "OpenAI SDK", "Anthropic SDK", "Claude Code", "Codex"),
    *("Slack", "Microsoft Teams"),
    *(word for kind in kinds.KINDS.values() for word in (kind.label, kind.name)),
    *(one.label for kind in kinds.KINDS.values() for one in kind.presets),
    *(
        said
        for word in (*FEATURES, *MODALITIES, *request_types(), *FEATURE_NAMES, *SCOPES)
        for said in (word, word.replace("_", " "))
    ),
    *OPERATORS,
    *("Viewer", "Operator", "Administrator"),
    *("light/light", "Light", "light", "fast", "tests", "ok", "small", "large", "capable", "gone"),
    *("gpt-4o-mini", "small-2030", "stop", "req_0", "ms"),
    '[{"name": "get_weather", "description": "…", "parameters": {"type": "object", '
    '"properties": {"city": {"type": "string"}}}}]',
    '{"top_p": 0.9, "response_format": {"type": "json_object"}}',
    '{"model": "light/large", "messages": [{"role": "user", "content": "Hello"}]}',
)
"""Names, and words of the API."""


@pytest.fixture
def ids() -> dict[str, str]:
    """One of everything, whose names say nothing in any language."""
    saved = services.save_provider(provider_document("p-1", models=["m-1"]), who="r")
    targets = [{"provider": "p-1", "model": "m-1"}, {"provider": "p-2", "model": "m-2"}]
    services.save_profile({**profile_document("l-1", targets=targets), "name": "L-1"}, who="r")
    services.save_profile(
        {**profile_document("l-2", targets=targets, enabled=False), "name": "L-2"}, who="r"
    )
    key, _ = services.create_key({"name": "k-1", "scopes": ["inference"]}, who="r")
    rule = {"name": "r-1", "profile": "l-1", "conditions": []}
    services.save_rule(rule, who="r")
    services.save_mapping({"pattern": "m-9", "match": "exact", "destination": "l-1"}, who="r")
    limit = services.LIMITS.save(
        {
            "name": "b-1",
            "subject": {"type": "everything", "id": ""},
            "measure": "requests",
            "amount": 5,
            "window": "day",
        },
        who="r",
    )
    snapshot.refresh()
    return {
        "PROVIDER": str(saved.document.get("id") or _provider()),
        "KEY": str(key.document["id"]),
        "LIMIT": str(limit.document["id"]),
        "RULE": str(HeuristicRule.objects.get(name="r-1").pk),
        "MAPPING": str(ModelMapping.objects.get().pk),
    }


def _provider() -> int:
    from governance.models import Provider

    return Provider.objects.get(name="p-1").pk


@pytest.fixture
def language(tmp_path: Path) -> Iterator[None]:
    with spoken(tmp_path):
        yield


def test_every_word_of_the_pages_is_translated(ids: dict[str, str], language: None) -> None:
    user = User.objects.create_superuser("r")
    user.groups.set(Role.objects.all()[:1])
    client = Client(headers={"Accept-Language": CODE})
    client.force_login(user)
    insert_many(3)
    recorded = _recorded()
    bare = {}
    for path in PAGES:
        for name, value in {**ids, "USER": str(user.pk)}.items():
            path = path.replace(name, value)
        answer = client.get(f"/admin/{path}", headers={"Accept": "text/html"})
        assert answer.status_code in (200, 404), path
        data = {*DATA, *ids.values()} | (recorded if path.startswith(LOGS) or not path else set())
        if path == "engine/":
            data.add(str(answer.context["trouble"]))
        if found := bare_words(answer.content.decode(), data):
            bare[path] = found
    assert bare == {}


def _recorded() -> set[str]:
    """The log of changes is kept in the words in which it was written."""
    found = {word for row in AuditEntry.objects.all() for word in row.changes}
    found |= {"; ".join(row.changes)[:159] + "…" for row in AuditEntry.objects.all()}
    for row in AuditEntry.objects.all():
        found |= {row.action, row.object_type, row.actor, "; ".join(row.changes)}
        said = f'{row.object_type} "{row.object_name}".'
        found |= {f"Created {said}", f"Removed {said}"}
    return found | set(ApiKey.objects.values_list("prefix", flat=True)) | {"save"} - {""}


def test_programs_are_answered_in_english(language: None, ids: dict[str, str]) -> None:
    client = Client(headers={"Accept-Language": CODE})
    client.force_login(User.objects.create_superuser("r"))
    refused = client.post("/api/governance/routing-profiles", {}, content_type="application/json")
    assert refused.status_code == 400
    assert "is required." in refused.content.decode()
    assert "⟦" not in refused.content.decode()
