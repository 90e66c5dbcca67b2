"""What is fetched behind the list of interactions: sums, facets, rows that arrive, files."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.test import Client
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.collector.store import Store
from gateway.console.interactions import facets
from gateway.console.interactions.columns import COLUMNS, USUAL
from gateway.console.interactions.question import FILTERS, question_of
from gateway.console.theme.viewer_zone import zone_named
from governance import services
from governance.interactions.record import InteractionRecord, NamedRef
from governance.models import ApiKey, Interaction
from inference.record.describe import describe
from tests.gateway.console.conftest import Member
from tests.gateway.console.sent import text_of
from tests.governance.interactions.request_contexts import attempt, request_context

pytestmark = pytest.mark.django_db
LIST = "/admin/governance/interaction/"
SEE = "governance.view_interaction"
NOW = datetime.now(UTC)
KEYS = [NamedRef("key-1", "Team one"), NamedRef("key-2", "=Team two"), None]


def record(number: int, rng: random.Random) -> InteractionRecord:
    outcome = rng.choice(["ok", "ok", "ok", "retryable", "cancelled"])
    made = describe(
        request_context(
            id=f"req_{number}",
            at=NOW.timestamp() - rng.uniform(60, 3 * 86_400),
            attempts=[attempt(provider=rng.choice("ab"), outcome=outcome, code="http_503")],
            outcome=outcome,
            first_token=rng.uniform(0.1, 2) if outcome == "ok" else None,
        ),
        rng.choice([None, 0.5]),
    )
    session = rng.choice(["", "run-1", "run-2"])
    return msgspec.structs.replace(made, key=rng.choice(KEYS), session=session)


@pytest.fixture
def records() -> list[InteractionRecord]:
    """As the collector writes them."""
    cache.clear()
    rng = random.Random(3)
    made = [record(number, rng) for number in range(150)]
    Store("test").commit(made, [], {})
    return made


@pytest.fixture
def client(member: Member) -> Client:
    return member(SEE)


def matches(one: InteractionRecord, query: dict[str, str]) -> bool:
    key = one.key.id if one.key else ""
    told = {"outcome": one.outcome, "provider": one.provider, "key": key, "session": one.session}
    return all(told[name] == value for name, value in query.items())


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"outcome": "retryable"},
        {"provider": "a"},
        {"key": "key-1"},
        {"key": "key-1", "outcome": "ok"},
        {"session": "run-1"},
        {"provider": "b", "outcome": "ok"},
    ],
    ids=str,
)
def test_sums_are_those_of_the_list(
    records: list[InteractionRecord], client: Client, query: dict[str, str]
) -> None:
    """From whichever ledger, or from the rows: what is told is what the list holds."""
    mine = [one for one in records if matches(one, query)]
    found = client.get("/admin/interactions/summary", query).context["summary"]
    assert found.exact
    assert found.totals.requests == len(mine)
    assert found.totals.errors == sum(one.outcome == "retryable" for one in mine)
    assert found.totals.prompt_tokens == sum(one.usage.prompt for one in mine if one.usage)
    assert sum(bar.requests for bar in found.bars) == len(mine)
    facets = {facet.name: facet for facet in found.facets}
    for facet in facets.values():
        for value in [one for one in facet.values if not one.chosen][:1]:
            assert "from=" not in value.query, "a time that was not asked for"
            listed = client.get(f"{LIST}{value.query}").context["listed"]
            assert len(listed.rows) == min(value.count, 50), (facet.name, value.label)
    names = {value.label for value in facets["key"].values}
    assert names <= {"Team one", "=Team two"}, "what was once a key has the name it had"


def test_more_than_it_looks_at_is_about(
    records: list[InteractionRecord], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(facets, "MATCHES", 10)
    answer = client.get("/admin/interactions/summary", {"session": "run-1"})
    found = answer.context["summary"]
    assert (found.exact, found.totals.requests) == (False, 10)
    assert not any(facet.exact for facet in found.facets)
    assert "About: these are the figures of the latest requests" in text_of(answer)


def test_what_one_ledger_tells_and_the_other_does_not(
    records: list[InteractionRecord], client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Totals of a provider's answers are exact, and who asked for them is told of the latest."""
    monkeypatch.setattr(facets, "MATCHES", 10)
    query = {"provider": "a", "outcome": "ok"}
    found = client.get("/admin/interactions/summary", query).context["summary"]
    assert found.exact
    assert found.totals.requests == sum(matches(one, query) for one in records) > 10
    told = {facet.name: facet for facet in found.facets}
    assert {name for name, facet in told.items() if facet.exact} == {
        *("outcome", "fallback", "provider", "model")
    }
    looked_at = [one for one in records if matches(one, {"outcome": "ok"})]
    of_provider = [one for one in records if matches(one, {"provider": "a"})]
    rarer = sorted(min(looked_at, of_provider, key=len), key=lambda one: one.time)[-10:]
    profiles = sum(matches(one, query) for one in rarer)
    assert sum(value.count or 0 for value in told["profile"].values) == profiles > 0


def test_sums_of_a_search(records: list[InteractionRecord], client: Client) -> None:
    for words, mine in (
        ("team one", [one for one in records if one.key == KEYS[0]]),
        ("http_503", [one for one in records if one.outcome != "ok"]),
    ):
        found = client.get("/admin/interactions/summary", {"q": words}).context["summary"]
        assert found.totals.requests == len(mine)
        assert sum(bar.requests for bar in found.bars) == len(mine)


def test_an_empty_log(client: Client) -> None:
    cache.clear()
    assert "No requests yet" in text_of(client.get("/admin/interactions/summary"))


def test_rows_that_arrive(records: list[InteractionRecord], client: Client) -> None:
    tail = client.get(LIST).context["listed"].tail
    address = f"/admin/interactions/tail?p={tail}"
    assert client.get(address).content.strip() == b""
    late = describe(request_context(id="req_late", at=NOW.timestamp() + 5))
    Store("test").commit([late], [], {})
    answer = client.get(address)
    assert answer.content.count(b"<tr") == 1
    assert client.get(f"/admin/interactions/tail?p={answer['X-Tail']}").content.strip() == b""


def taken(client: Client, kind: str, **query: str) -> str:
    answer: Any = client.get(f"/admin/interactions/export.{kind}", query)
    assert answer.status_code == 200

    async def whole() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return async_to_sync(whole)().decode()


@pytest.mark.django_db(transaction=True)
def test_files(records: list[InteractionRecord], client: Client) -> None:
    """Whole records as JSON lines; a table no cell of which is a formula."""
    mine = [one for one in records if one.provider == "a"]
    lines = [json.loads(line) for line in taken(client, "jsonl", provider="a").splitlines()]
    assert {one["id"] for one in lines} == {one.id for one in mine}
    assert [one["time"] for one in lines] == sorted(one["time"] for one in lines)
    head, *rows = taken(client, "csv", q="Team").splitlines()
    assert head.startswith("request_id,time,node,key_id,key_name")
    assert len(rows) == sum(one.key is not None for one in records)
    assert any(",'=Team two," in row for row in rows)
    assert client.get("/admin/interactions/export.exe").status_code == 404


def test_search_by_anything_that_is_shown(records: list[InteractionRecord], client: Client) -> None:
    ApiKey.objects.create(id="key-9", name="Team nine", prefix="pm-", digest=b"9", scopes=[])
    for words, count in (
        ("req_7", 1),
        ("run-2", sum(one.session == "run-2" for one in records)),
        ("team one", sum(one.key == KEYS[0] for one in records)),
        ("http_503", sum(one.outcome != "ok" for one in records)),
        ("Client disconnected", sum(one.outcome == "cancelled" for one in records)),
        ("a/small", sum((one.provider, one.model) == ("a", "small") for one in records)),
        ("Light", len(records)),
        ("nowhere", 0),
    ):
        listed = client.get(LIST, {"q": words}).context["listed"]
        assert len(listed.rows) == min(count, 50), words


def test_values_as_they_are_typed(records: list[InteractionRecord], client: Client) -> None:
    for number in range(30):
        ApiKey.objects.create(
            id=f"key-{number}", name=f"Team {number}", prefix="", digest=b"%d" % number, scopes=[]
        )
    found = client.get("/admin/interactions/facet/key?typed=team 2").json()["values"]
    assert found[0]["label"] == "Team 2", "the one with requests"
    assert found[0]["count"] == sum(one.key == KEYS[1] for one in records)
    assert found[0]["query"] == "?key=key-2"
    assert client.get("/admin/interactions/facet/outcome?typed=ANSW").json()["values"]
    assert client.get("/admin/interactions/facet/nonsense").status_code == 404


def test_beside_the_list(records: list[InteractionRecord], member: Member) -> None:
    """The neighbours are those of the list as it was narrowed; links go where one may go."""
    services.save_provider({"name": "a", "kind": "openai", "base_url": "http://a/v1"}, who="ann")
    client = member(SEE, "governance.view_provider", "gateway.use_playground")
    listed = client.get(LIST, {"provider": "a"}).context["listed"]
    middle = listed.rows[3].pk
    answer = client.get(f"/admin/interactions/{middle}/panel", {"provider": "a"})
    beside = answer.context["beside"]
    assert (beside.newer, beside.older) == (listed.rows[2].pk, listed.rows[4].pk)
    text = answer.content.decode()
    assert "Provider a" in text
    assert "/admin/playground/?model=" in text
    whole = client.get(f"{LIST}{middle}/change/", {"provider": "a"}).content.decode()
    assert f"{LIST}{beside.older}/change/?provider=a" in whole
    assert "Provider a" not in member(SEE, name="other").get(
        f"/admin/interactions/{middle}/panel"
    ).content.decode().replace("Provider answered", "")


def test_an_unknown_price_is_said(client: Client) -> None:
    Store("test").commit([describe(request_context(id="r", at=NOW.timestamp()))], [], {})
    pk = Interaction.objects.get().pk
    assert "price unknown" in text_of(client.get(f"/admin/interactions/{pk}/panel"))
    assert "$0.00" not in text_of(client.get(LIST))


def test_columns_are_remembered(records: list[InteractionRecord], client: Client) -> None:
    assert [one.name for one in client.get(LIST).context["columns"]] == list(USUAL)
    client.get(LIST, {"columns": ["session", "cost", "nonsense"]})
    shown = client.get(LIST)
    assert [one.name for one in shown.context["columns"]] == ["time", "cost", "session"]
    assert len(shown.context["listed"].rows[0].cells) == 3
    every = client.get(LIST, {"columns": list(COLUMNS)})
    assert len(every.content) <= 150_000


def test_conversations(records: list[InteractionRecord], client: Client) -> None:
    listed = client.get("/admin/interactions/sessions/").context["sessions"]
    assert {one.session for one in listed} == {"run-1", "run-2"}
    found = client.get("/admin/interactions/session?id=run-1").context["found"]
    mine = sorted((one for one in records if one.session == "run-1"), key=lambda one: one.time)
    assert [turn.row.request_id for turn in found.turns] == [one.id for one in mine]
    assert found.summary.turns == len(mine)
    assert all(0 <= turn.begin <= turn.begin + turn.width <= 100.01 for turn in found.turns)
    assert "Nothing is known" in text_of(client.get("/admin/interactions/session?id=%00"))


def test_times_are_in_the_viewers_zone(client: Client) -> None:
    """Which the browser says in a cookie; one that holds nonsense is UTC."""
    at = datetime(2030, 3, 17, 12, 0, 0, tzinfo=UTC)
    Store("test").commit([describe(request_context(id="r", at=at.timestamp()))], [], {})
    assert "17 Mar 2030, 12:00:00" in text_of(client.get(LIST))
    client.cookies["viewer_zone"] = "Asia/Kolkata"
    shown = client.get(LIST)
    assert "17 Mar 2030, 17:30:00" in text_of(shown)
    assert "2030-03-17 17:30:00.000 IST (12:00:00 UTC)" in shown.content.decode()
    for nonsense in ("Nowhere/Never", "../../etc/passwd", "x" * 500, "\x00"):
        assert zone_named(nonsense) is UTC


@pytest.mark.parametrize(
    "path",
    [
        *("summary", "tail", "1/panel", "facet/key", "export.csv", "sessions/", "session"),
    ],
)
def test_who_may_look(member: Member, path: str) -> None:
    assert member("governance.view_provider").get(f"/admin/interactions/{path}").status_code == 403
    assert Client().get(f"/admin/interactions/{path}").status_code == 302


@given(
    st.dictionaries(
        st.sampled_from([*FILTERS, "q", "period", "from", "to", "time_from_0", "x"]),
        st.text(max_size=20) | st.sampled_from(["ok", "hour", "2030-01-01", "any_error"]),
        max_size=5,
    )
)
@settings(max_examples=10)
def test_any_address_is_a_question(query: dict[str, str]) -> None:
    """Whatever stands in it; and the address it makes asks the same again."""
    asked = question_of(query, NOW, UTC)
    list(asked.sets()[0][:1])
    assert asked.begin is None or asked.end is None or asked.begin < asked.end
    again: dict[str, Any] = dict(
        pair.split("=", 1) for pair in asked.query().split("&") if "=" in pair
    )
    assert set(again) <= {*FILTERS, "q", "period", "from", "to"}
    assert NOW - (asked.begin or NOW) < timedelta(days=4_000_000)
