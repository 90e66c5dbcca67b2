"""The local engine's page, over a real engine whose workers are fakes."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from django.contrib.messages import get_messages
from pytest_django import Settings

from governance import services, snapshot
from tests.gateway.console.conftest import Engine, Member

RIGHTS = ("gateway.view_engine", "gateway.operate_engine")


@pytest.fixture(autouse=True)
def its_engine(engine: Engine, settings: Settings) -> None:
    settings.ENGINE_SOCKET = engine.socket


def test_it_works(member: Member, engine: Engine) -> None:
    """Load, see it ready, unload."""
    engine.model("tiny", {"memory_bytes": 5000})
    client = member(*RIGHTS)
    assert b"Not loaded" in client.get("/admin/engine/").content
    answer = client.post("/admin/engine/load", {"model": "tiny"}, follow=True)
    assert b"Loading tiny." in answer.content
    engine.until("tiny", "ready")
    shown = client.get("/admin/engine/state").content.decode()
    assert 'data-model="tiny" data-state="ready"' in shown
    assert "4.9\xa0KB of" in shown
    client.post("/admin/engine/unload", {"model": "tiny"})
    engine.until("tiny", "not_loaded")


def test_a_failure_stands_there_with_its_reason(member: Member, engine: Engine) -> None:
    engine.model("broken", {"fail": "The weights <are> torn."})
    client = member(*RIGHTS)
    client.post("/admin/engine/load", {"model": "broken"})
    engine.until("broken", "failed")
    shown = client.get("/admin/engine/").content.decode()
    assert "The weights &lt;are&gt; torn." in shown
    assert "Try again" in shown


def test_what_is_in_use_is_unloaded_only_when_said_twice(member: Member, engine: Engine) -> None:
    engine.model("busy", {"tokens": 1000, "token_s": 0.02})
    client = member(*RIGHTS)
    with socket.socket(socket.AF_UNIX) as caller:
        caller.connect(engine.socket)
        body = b'{"model": "busy", "stream": true}'
        head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: engine\r\ncontent-length: %d\r\n\r\n"
        caller.sendall(head % len(body) + body)
        assert b"200 OK" in caller.recv(4096)
        asked = client.post("/admin/engine/unload", {"model": "busy"})
        assert asked.status_code == 200
        assert b"Cut them off and unload" in asked.content
        assert engine.until("busy", "ready").active == 1
        forced = client.post("/admin/engine/unload", {"model": "busy", "force": "1"})
        assert forced.status_code == 302
        engine.until("busy", "not_loaded")


def test_a_model_that_is_not_there_is_said_in_a_message(member: Member) -> None:
    answer = member(*RIGHTS).post("/admin/engine/load", {"model": "../etc"})
    (message,) = get_messages(answer.wsgi_request)
    assert "does not exist" in str(message)


def test_without_an_engine_the_page_says_what_to_do(
    member: Member, settings: Settings, tmp_path: Path
) -> None:
    settings.ENGINE_SOCKET = str(tmp_path / "none.sock")
    client = member(*RIGHTS)
    shown = client.get("/admin/engine/").content.decode()
    assert "The local engine does not run" in shown
    assert "make run" in shown
    answer = client.post("/admin/engine/load", {"model": "tiny"}, follow=True)
    assert b"does not answer" in answer.content


def test_an_engine_without_models_says_where_they_go(
    member: Member, settings: Settings, tmp_path: Path
) -> None:
    with Engine(tmp_path) as empty:
        settings.ENGINE_SOCKET = empty.socket
        settings.MODELS_DIR = empty.models_dir
        shown = member(*RIGHTS).get("/admin/engine/").content.decode()
    assert str(empty.models_dir) in shown


def test_who_may_only_look_has_no_buttons_and_no_way_around_them(
    member: Member, engine: Engine
) -> None:
    engine.model("kept")
    client = member("gateway.view_engine")
    assert b"<button" not in client.get("/admin/engine/state").content
    for path in ("load", "unload"):
        assert client.post(f"/admin/engine/{path}", {"model": "kept"}).status_code == 403
    assert engine.until("kept", "not_loaded").restarts == 0


def test_others_see_nothing(member: Member) -> None:
    client = member()
    for path in ("", "state"):
        assert client.get(f"/admin/engine/{path}").status_code == 403
    client.logout()
    assert client.get("/admin/engine/").status_code == 302
    assert client.get("/admin/engine/load").status_code == 405


def test_a_model_is_fetched_and_removed(
    member: Member, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is wrong with an addition stands on the page; removing asks first."""
    client = member(*RIGHTS)
    for source, words in (
        ("/etc/passwd", "added on the command line"),
        ("hub:nonsense", "no repository"),
        ("pypi:nothing", "no package with a version"),
    ):
        answer = client.post("/admin/engine/add", {"source": source}, follow=True)
        assert words in answer.content.decode()
    engine.model("goes")
    asked = client.post("/admin/engine/remove", {"model": "goes"})
    assert b"Remove goes?" in asked.content
    assert (engine.models_dir / "goes").exists()
    answer = client.post("/admin/engine/remove", {"model": "goes", "sure": "1"}, follow=True)
    assert b"Removed goes." in answer.content
    assert not (engine.models_dir / "goes").exists()
    again = client.post("/admin/engine/remove", {"model": "goes", "sure": "1"}, follow=True)
    assert b"does not exist" in again.content


def test_choosing_a_default_needs_the_rights_of_who_configures(
    member: Member, engine: Engine, settings: Settings
) -> None:
    settings.MODELS_DIR = engine.models_dir
    engine.model("chosen")
    (engine.models_dir / "chosen" / "weights.safetensors").unlink()
    services.save_provider({"name": "mlx", "kind": "mlx", "default_model": "old"}, who="t")
    refused = member(*RIGHTS).post("/admin/engine/default", {"model": "chosen"})
    assert refused.status_code == 403
    rights = ("governance.change_provider", "governance.change_routingprofile")
    client = member(*RIGHTS, *rights, name="chief")
    answer = client.post("/admin/engine/default", {"model": "chosen"}, follow=True)
    assert "mlx is asked for chosen" in answer.content.decode()
    snapshot.refresh()
    assert "Default</span>" in client.get("/admin/engine/state").content.decode()
