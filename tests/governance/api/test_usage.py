"""The usage report: exact sums of the ledger, as JSON and as a table."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest

from governance.models import UsageBucket
from tests.governance.api.conftest import Api, error_of
from tests.governance.interactions.rows import fill_days

RANGE = "from=2026-11-01&to=2026-12-01"


def bucket(day: int, hour: int, **values: Any) -> None:
    place = {"key_id": "k1", "key_name": "One", "provider": "acme", "model": "m-1"}
    start = datetime(2026, 11, day, hour, 15, tzinfo=UTC)
    sums = {"requests": 1, "attempts": 1, "prompt_tokens": 10, "completion_tokens": 5}
    UsageBucket.objects.create(**{**place, **sums, "start": start, **values})


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    bucket(1, 0, cost_micro_usd=1_500_000, cached_tokens=4)
    bucket(1, 5, cost_micro_usd=1, failed=1, key_name="First", audio_milliseconds=1500, images=2)
    bucket(2, 5, key_id="k2", key_name="=cmd()", model="m-2", unpriced=1)
    bucket(3, 5, key_id="k2", key_name="=cmd()", cost_micro_usd=7)
    fill_days()


def test_it_works(api: Api) -> None:
    document = api.get(f"/usage?group_by=key,model&{RANGE}").json()
    assert document["from"] == "2026-11-01T00:00:00Z"
    found = {(one["key"], one["model"]): one for one in document["rows"]}
    assert found["k1", "m-1"] == {
        "key": "k1",
        "key_name": "First",
        "model": "m-1",
        "requests": 2,
        "attempts": 2,
        "failed": 1,
        "input_tokens": 20,
        "cached_tokens": 4,
        "output_tokens": 10,
        "reasoning_tokens": 0,
        "audio_seconds": 1.5,
        "images": 2,
        "characters": 0,
        "unpriced": 0,
        "cost_usd": "1.500001",
    }
    assert found["k2", "m-2"]["cost_usd"] is None, "never $0.00"
    assert document["total"]["cost_usd"] == "1.500008"
    assert document["total"]["requests"] == 4


def test_by_day_and_of_one_alone(api: Api) -> None:
    document = api.get(f"/usage?interval=day&key=k1&{RANGE}").json()
    assert [(one["interval"], one["requests"]) for one in document["rows"]] == [
        ("2026-11-01T00:00:00Z", 2)
    ]
    hours = api.get(f"/usage?interval=hour&{RANGE}").json()["rows"]
    assert [one["interval"][11:13] for one in hours] == ["00", "05", "05", "05"]


def test_a_table_for_spreadsheets(api: Api) -> None:
    answer = api.get(f"/usage?group_by=key&{RANGE}", headers={"Accept": "text/csv"})
    assert answer["content-type"].startswith("text/csv")
    found = list(csv.DictReader(io.StringIO(answer.content.decode())))
    assert [one["key"] for one in found] == ["k1", "k2"]
    assert found[1]["key_name"] == "'=cmd()", "no formula"
    empty = api.get("/usage?from=2020-01-01&to=2020-02-01", headers={"Accept": "text/csv"})
    assert empty.content.decode().startswith("requests,attempts,failed,input_tokens")


@pytest.mark.parametrize(
    ("query", "path"),
    [("group_by=planet", "group_by"), ("interval=week", "interval"), ("from=soon", "from")],
)
def test_what_can_not_be_asked(api: Api, query: str, path: str) -> None:
    answer = api.get(f"/usage?{query}")
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == [path]


def test_who_may_not_read(caller: Any) -> None:
    assert caller("inference").get("/usage").status_code == 403
