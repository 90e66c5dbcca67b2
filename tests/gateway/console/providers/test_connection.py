"""A provider's page: presets, the connection test, the list of models, over scripted upstreams."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from pytest_django import Settings

from gateway.console.providers.presets import query
from governance import services
from governance.kinds import Preset, ProviderKind, presets
from governance.models import Provider, Revision
from inference.upstream.backend import backend_of
from tests.gateway.console.conftest import Engine, Member
from tests.support.upstream import Cut, Hang, Json, Reply, Upstream

SECRET = "sk-very-secret-credential"
RIGHTS = ("governance.view_provider", "governance.change_provider")
CHAT = Json({"model": "small-2024", "choices": [{"message": {"content": "H"}}]})
MESSAGE = Json({"type": "message", "model": "claude-x", "content": [{"type": "text", "text": "H"}]})


def provider(base_url: str, **fields: Any) -> int:
    document = {
        "name": "up",
        "kind": "openai",
        "base_url": base_url,
        "default_model": "small",
        "api_key": SECRET,
        **fields,
    }
    services.save_provider(document, who="a test")
    return Provider.objects.get(name="up").pk


def told(client: Client, pk: int, action: str = "test", **data: Any) -> str:
    """The one message that the page shows then."""
    answer = client.post(f"/admin/connection/{pk}/{action}", data)
    assert answer.status_code == 302, answer.content
    assert answer["location"] == f"/admin/governance/provider/{pk}/change/"
    (message,) = get_messages(answer.wsgi_request)
    return str(message)


def test_one_token_in_openais_protocol(member: Member) -> None:
    """The page has the button; the model that answered and the time stand in a message."""
    with Upstream(CHAT) as upstream:
        pk = provider(upstream.base_url)
        client = member(*RIGHTS)
        shown = client.get(f"/admin/governance/provider/{pk}/change/").content
        assert b"Test connection" in shown
        assert b"List models" in shown
        said = told(client, pk)
    assert said.startswith("up works: small-2024 answered in ")
    assert said.endswith(" ms.")
    (asked,) = upstream.asked
    assert (asked.method, asked.path) == ("POST", "/v1/chat/completions")
    assert asked.headers["authorization"] == f"Bearer {SECRET}"
    assert asked.body["model"] == "small"
    assert asked.body["max_tokens"] == 1


def test_one_token_in_anthropics_protocol(member: Member) -> None:
    with Upstream(MESSAGE) as upstream:
        pk = provider(upstream.base_url.removesuffix("/v1"), kind="anthropic", is_local=True)
        assert "claude-x answered" in told(member(*RIGHTS), pk, model="claude")
    (asked,) = upstream.asked
    assert (asked.method, asked.path) == ("POST", "/v1/messages")
    assert asked.headers["x-api-key"] == SECRET
    assert asked.headers["anthropic-version"]
    assert asked.body["model"] == "claude"
    assert asked.body["max_tokens"] == 1


def test_without_a_model_the_first_listed_one_is_asked(member: Member) -> None:
    with Upstream(Json({"data": [{"id": "first"}, {"id": "second"}]}), CHAT) as upstream:
        pk = provider(upstream.base_url, default_model="")
        assert "works" in told(member(*RIGHTS), pk)
    assert upstream.asked[1].body["model"] == "first"


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (
            Json({"error": {"message": f"Bad key {SECRET}"}}, 401),
            "refused this gateway with status 401",
        ),
        (Json({"error": {"message": f"Over {SECRET}"}}, 500), "It says: “Over [redacted]”"),
        (Json({}, 302, {"location": "http://127.0.0.1:9/"}), "unexpected status 302"),
        (Json({"hello": "UPSTREAM-WORDS"}), "no completion"),
        (Json(b"<html>UPSTREAM-WORDS"), "not with JSON"),
        (Cut(), "connection broke"),
        (Hang(), "No whole answer within 0.2 seconds"),
    ],
)
def test_a_failure_is_told_in_our_words(member: Member, reply: Reply, reason: str) -> None:
    """What is no error of the upstream is not quoted, and the credential never is."""
    with Upstream(reply) as upstream:
        pk = provider(upstream.base_url, first_event_timeout=0.2)
        said = told(member(*RIGHTS), pk)
    assert said.startswith("up failed the test. ")
    assert reason in said
    assert SECRET not in said
    assert "UPSTREAM" not in said


def test_a_quoted_secret_does_not_come_back_as_the_models_name(member: Member) -> None:
    with Upstream(Json({"model": SECRET, "choices": []})) as upstream:
        said = told(member(*RIGHTS), provider(upstream.base_url))
    assert SECRET not in said
    assert "[redacted] answered" in said


def test_a_disabled_provider_can_be_tested_before_it_is_enabled(member: Member) -> None:
    with Upstream(CHAT) as upstream:
        assert "works" in told(member(*RIGHTS), provider(upstream.base_url, enabled=False))


def test_nothing_listens(member: Member) -> None:
    with Upstream(CHAT) as upstream:
        address = upstream.base_url
    assert "No connection" in told(member(*RIGHTS), provider(address))


@pytest.mark.parametrize("action", ["test", "models"])
def test_with_cloud_routing_off_no_byte_leaves(
    member: Member, settings: Settings, action: str
) -> None:
    settings.ENABLE_CLOUD_ROUTING = False
    with Upstream(CHAT) as upstream:
        pk = provider(upstream.base_url, is_local=False)
        assert "Cloud routing is off" in told(member(*RIGHTS), pk, action)
        settings.ENABLE_CLOUD_ROUTING = True
        assert upstream.asked == []
        assert "works" in told(member(*RIGHTS, name="other"), pk)


def test_listed_models_are_kept_by_the_rules_of_the_form(member: Member) -> None:
    """What was kept is ticked, also when it is listed no more; keeping leaves the credential."""
    rows = [{"id": "a/b:free"}, {"id": "<b>"}, {"id": "a/b:free"}, {"id": 3}, {"id": "x\n"}, "no"]
    with Upstream(Json({"object": "list", "data": rows})) as upstream:
        pk = provider(
            upstream.base_url, models=["old", "<b>"], extra_headers={"x-team": "team-secret"}
        )
        client = member(*RIGHTS)
        shown = client.post(f"/admin/connection/{pk}/models").content.decode()
    assert (upstream.asked[0].method, upstream.asked[0].path) == ("GET", "/v1/models")
    assert 'value="old" checked' in shown
    assert 'value="&lt;b&gt;" checked' in shown
    assert shown.count('value="a/b:free">') == 1
    before = Revision.objects.count()
    assert "now has 2 models." in told(client, pk, "keep", models=["a/b:free", "old"])
    row = Provider.objects.get(pk=pk)
    assert row.models == ["a/b:free", "old"]
    assert row.reveal_api_key() == SECRET
    assert row.reveal_headers() == {"x-team": "team-secret"}
    assert Revision.objects.count() == before + 1


def test_what_breaks_a_rule_is_not_kept(member: Member) -> None:
    pk = provider("http://127.0.0.1:9/v1", models=["old"])
    assert "Nothing was saved" in told(member(*RIGHTS), pk, "keep", models=["", "x" * 5000])
    assert Provider.objects.get(pk=pk).models == ["old"]


def test_models_in_anthropics_protocol(member: Member) -> None:
    with Upstream(Json({"data": [{"id": "claude-x", "type": "model"}]})) as upstream:
        pk = provider(upstream.base_url, kind="anthropic", is_local=True)
        shown = member(*RIGHTS).post(f"/admin/connection/{pk}/models").content
    assert b'value="claude-x"' in shown
    assert upstream.asked[0].path == "/v1/models?limit=1000"
    assert upstream.asked[0].headers["x-api-key"] == SECRET


@pytest.fixture
def socket_path() -> Iterator[Path]:
    """A short path: the system binds no socket with a long one."""
    backend_of.cache_clear()
    with tempfile.TemporaryDirectory(prefix="pm-") as folder:
        yield Path(folder) / "engine.sock"
    backend_of.cache_clear()


def test_the_built_in_engine_lists_its_folders(
    member: Member, engine: Engine, settings: Settings, socket_path: Path
) -> None:
    """An engine that does not run is told."""
    settings.ENGINE_SOCKET = engine.socket
    engine.model("listed")
    pk = provider("", kind="mlx", api_key="")
    client = member(*RIGHTS)
    assert b'value="listed"' in client.post(f"/admin/connection/{pk}/models").content
    settings.ENGINE_SOCKET = str(socket_path)
    assert "does not answer" in told(client, pk, "models")


def test_the_built_in_engine_is_asked_over_its_socket(
    member: Member, settings: Settings, socket_path: Path
) -> None:
    """Also with cloud routing off: it is on this machine."""
    settings.ENABLE_CLOUD_ROUTING = False
    settings.ENGINE_SOCKET = str(socket_path)
    pk = provider("", kind="mlx", api_key="")
    with Upstream(CHAT, uds=socket_path) as upstream:
        assert "works: small-2024 answered" in told(member(*RIGHTS), pk)
    assert upstream.asked[0].path == "/v1/chat/completions"


@pytest.mark.parametrize("action", ["test", "models", "keep"])
def test_who_may_only_look_asks_nothing(member: Member, action: str) -> None:
    with Upstream(CHAT) as upstream:
        pk = provider(upstream.base_url, models=["old"])
        client = member("governance.view_provider")
        assert client.post(f"/admin/connection/{pk}/{action}").status_code == 403
        assert client.get(f"/admin/connection/{pk}/{action}").status_code == 405
        page = client.get(f"/admin/governance/provider/{pk}/change/").content
    assert b"Test connection" not in page
    assert upstream.asked == []
    assert Provider.objects.get(pk=pk).models == ["old"]
    assert member(*RIGHTS, name="o").post(f"/admin/connection/{pk + 1}/test").status_code == 404


@pytest.mark.parametrize(
    ("kind", "preset"), presets(), ids=[preset.label for _, preset in presets()]
)
def test_a_preset_fills_the_form(member: Member, kind: ProviderKind, preset: Preset) -> None:
    """Its link is on the page, and what it opens holds its values and can be saved."""
    client = member("governance.add_provider", "governance.view_provider")
    link = f"/admin/governance/provider/add/?{query(kind, preset)}"
    assert (
        link.replace("&", "&amp;") in client.get("/admin/governance/provider/add/").content.decode()
    )
    form = client.get(link).context["adminform"].form
    assert form["base_url"].value() == preset.base_url
    assert form["kind"].value() == kind.name
    assert form["name"].value() == preset.name
    assert bool(form["is_local"].value()) is preset.is_local
    fields = ("name", "base_url", "is_local")
    document = {name: getattr(preset, name) for name in fields} | {"kind": kind.name}
    assert not services.save_provider(document, who="a test").warnings
