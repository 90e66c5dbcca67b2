"""The pages of the log in Django admin: quick at any size, and only for reading."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from governance.models import Interaction
from inference.record.describe import describe
from tests.governance.interactions.request_contexts import attempt, plan, request_context
from tests.governance.interactions.rows import insert, insert_at

pytestmark = pytest.mark.django_db
LIST = "/admin/governance/interaction/"

FELL_BACK = request_context(
    id="req_fell",
    attempts=[
        attempt(outcome="retryable", code="http_503", status=503),
        attempt(provider="capable", model="gpt-4o-mini"),
    ],
    plan=plan(reason="heuristic_rule:<long>"),
)


@pytest.fixture
def operator() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ann"))
    return client


def page(client: Client, address: str = LIST, **query: str) -> str:
    answer = client.get(address, query)
    assert answer.status_code == 200, answer
    return answer.content.decode()


def test_it_works(operator: Client) -> None:
    """The list says who asked for what, who answered and how it went."""
    insert([describe(FELL_BACK), describe(request_context(id="req_plain", outcome="cancelled"))])
    html = page(operator)
    for words in ("Light", "light/light", "capable/gpt-4o-mini", "next target"):
        assert words in html
    for words in ("Answered", "Client disconnected", "50 ms", "82 ms", "1,000 + 100", "tests"):
        assert words in html


def test_one(operator: Client) -> None:
    """The page of one interaction shows the decision, every attempt and the usage, escaped."""
    insert([describe(FELL_BACK, cost_usd=0.00025)])
    html = page(operator, f"{LIST}{Interaction.objects.get().pk}/change/")
    for words in (
        "req_fell",
        "the rule “&lt;long&gt;” matched",
        "heuristic_rule:&lt;long&gt;",
        "there is no such provider",
        "Answered by capable / gpt-4o-mini after 2 attempts",
        '<strong>fast / small</strong> <span class="pm-badge pm-bad">http 503</span>',
        '<strong>capable / gpt-4o-mini</strong> <span class="pm-badge pm-good">answered</span>',
        "last_user_characters",
        "$0.000250",
    ):
        assert words in html
    assert "<long>" not in html


@pytest.mark.parametrize(
    "query",
    [
        {"provider": "capable"},
        {"model": "gpt-4o-mini"},
        {"fallback__exact": "target"},
        {"q": "http_503"},
        {"q": "req_fell"},
        {"time_to_0": "2030-03-17", "time_to_1": "17:46:30"},
    ],
    ids=lambda query: "&".join(query),
)
def test_filters(operator: Client, query: dict[str, str]) -> None:
    insert_at(1, id="req_plain")
    insert([describe(FELL_BACK)])
    Interaction.objects.filter(request_id="req_fell").update(time="2030-03-17T17:46:00Z")
    html = page(operator, **query)
    assert "capable/gpt-4o-mini" in html
    assert "fast/small" not in html


@pytest.mark.parametrize("period", ["hour", "day", "week", "nonsense"])
def test_periods(operator: Client, period: str) -> None:
    """What lies in the future lies in every period."""
    insert_at(0)
    assert "light/light" in page(operator, period=period)


def test_nothing_can_be_changed(operator: Client) -> None:
    insert_at(0)
    pk = Interaction.objects.get().pk
    for address in (f"{LIST}add/", f"{LIST}{pk}/delete/", f"{LIST}{pk}/change/"):
        assert operator.post(address, {"reason": "other"}).status_code == 403
    assert operator.get(f"{LIST}add/").status_code == 403
    actions = {"action": "delete_selected", "_selected_action": [str(pk)], "post": "yes"}
    operator.post(LIST, actions)
    assert Interaction.objects.get().reason == "virtual_model"


def test_who_may_look() -> None:
    """Staff with the permission to view; not staff without it."""
    insert_at(0)
    user = User.objects.create_user("bob", is_staff=True)
    client = Client()
    client.force_login(user)
    assert client.get(LIST).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="view_interaction"))
    client.force_login(User.objects.get(pk=user.pk))
    assert "light/light" in page(client)
