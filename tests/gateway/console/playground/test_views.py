"""The playground's page and its paths: who may use them, and what they say."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import AsyncClient, Client

from governance import snapshot
from governance.routing.table import RoutingTable, VirtualKey
from tests.gateway.console.conftest import Member
from tests.inference.tables import chain, provider
from tests.support import openai_shapes as shapes
from tests.support.upstream import Json, Upstream

RIGHT = "gateway.use_playground"
BODY: dict[str, Any] = {"model": "light/x", "messages": [{"role": "user", "content": "hi"}]}
ORDER = {"endpoint": "chat", "key": "", "body": BODY}


def test_the_page_offers_models_profiles_and_usable_keys(member: Member) -> None:
    key = VirtualKey("key-1", "Build <b>", frozenset({"inference"}))
    made = chain(provider("a", "http://127.0.0.1:9/v1"))
    snapshot.install(RoutingTable(**{**_fields(made), "virtual_keys": {b"x": key}}))
    client = member(RIGHT)
    shown = client.get("/admin/playground/?model=light/a").content.decode()
    assert "light/a-model" in shown
    found = client.get("/admin/pick/usable-keys?q=build").json()
    assert found["options"] == [{"value": "key-1", "label": "Build <b>", "detail": ""}]
    assert 'value="light/a"' in shown
    assert "secret-of-a" not in shown


def test_models_are_those_of_the_key(member: Member) -> None:
    """A profile for one key only is offered to that key."""
    made = chain(provider("a", "http://127.0.0.1:9/v1"), virtual_key_id="key-1")
    key = VirtualKey("key-1", "Build", frozenset({"inference"}))
    snapshot.install(RoutingTable(**{**_fields(made), "virtual_keys": {b"x": key}}))
    client = member(RIGHT)
    mine = client.get("/admin/playground/models").json()
    theirs = client.get("/admin/playground/models?key=key-1").json()
    assert mine == {"models": [], "profiles": []}
    assert theirs == {
        "models": ["a/a-model", "light/a-model"],
        "profiles": [{"id": "id-light", "name": "Profile light"}],
    }
    assert client.get("/admin/playground/models?key=gone").status_code == 400


def test_code_is_written_for_this_address(member: Member) -> None:
    client = member(RIGHT)
    answer = client.post("/admin/playground/code", ORDER, content_type="application/json").json()
    assert "http://testserver/v1/chat/completions" in answer["curl"]
    assert "http://testserver/v1" in answer["python"]


@pytest.mark.parametrize(
    "order",
    [b"", b"[]", b'{"endpoint": "none", "body": {}}', b'{"endpoint": "chat"}', b"\xff"],
)
def test_what_cannot_be_read_is_a_400(member: Member, order: bytes) -> None:
    client = member(RIGHT)
    for path in ("code", "send"):
        answer = client.post(f"/admin/playground/{path}", order, content_type="application/json")
        assert answer.status_code == 400
        assert answer.json()["error"]


def test_only_those_who_may(member: Member) -> None:
    client = member("gateway.view_engine")
    for path in ("", "models"):
        assert client.get(f"/admin/playground/{path}").status_code == 403
    for path in ("code", "send"):
        url = f"/admin/playground/{path}"
        assert client.post(url, ORDER, content_type="application/json").status_code == 403
    client.logout()
    assert client.get("/admin/playground/").status_code == 302
    answer = client.post("/admin/playground/send", ORDER, content_type="application/json")
    assert answer.status_code == 403


def test_another_site_cannot_send(member: Member, db: None) -> None:
    """Without the token that only our own pages know, a session alone sends nothing."""
    session = member(RIGHT).cookies["sessionid"].value
    client = Client(enforce_csrf_checks=True)
    client.cookies["sessionid"] = session
    answer = client.post("/admin/playground/send", ORDER, content_type="application/json")
    assert answer.status_code == 403


def test_get_sends_nothing(member: Member) -> None:
    assert member(RIGHT).get("/admin/playground/send").status_code == 405


@pytest.mark.django_db(transaction=True)
async def test_it_sends() -> None:
    user = await User.objects.acreate(username="ann", is_staff=True)
    await user.user_permissions.aadd(await Permission.objects.aget(codename="use_playground"))
    client = AsyncClient()
    await client.aforce_login(user)
    with Upstream(Json(shapes.completion("fine"))) as upstream:
        snapshot.install(chain(provider("a", upstream)))
        answer: Any = await client.post(
            "/admin/playground/send", ORDER, content_type="application/json"
        )
        assert answer["content-type"] == "application/x-ndjson"
        lines = b"".join([piece async for piece in answer.streaming_content]).splitlines()
    assert json.loads(lines[-1])["outcome"] == "ok"
    assert upstream.asked[0].body["messages"] == BODY["messages"]


def _fields(table: RoutingTable) -> dict[str, Any]:
    names = ("providers", "profiles", "by_virtual_provider", "by_handle", "default")
    return {name: getattr(table, name) for name in names}
