"""The replay of a limit over the log, over REST and on the limit's page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from governance.models import Interaction, Limit, UsageBucket
from tests.governance.api.conftest import Api, error_of

PATH = "/limits/replay"
NOW = datetime.now(UTC)
LIMIT = {"name": "l", "subject": {"type": "everything"}, "measure": "cost", "amount": "2.5"}


@pytest.fixture
def log(db: None) -> None:
    usage = {"prompt_tokens": 10, "completion_tokens": 5}
    attempt = {"provider": "acme", "model": "m", "usage": usage, "cost_usd": 1.0}
    for hours in range(5):
        Interaction.objects.create(
            time=NOW - timedelta(hours=5 - hours),
            protocol="openai",
            outcome="ok",
            provider="acme",
            key_id=f"key-{hours % 2}",
            attempts=[attempt],
            duration_ms=100,
        )


def test_it_works(api: Api, log: None) -> None:
    answer = api.post(PATH, {"limit": {**LIMIT, "window": "total"}})
    assert answer.status_code == 200, answer.content
    found = answer.json()
    assert (found["requests"], found["bound"], found["refused"]) == (5, 5, 2)
    assert found["keys"] == [
        {"id": "key-1", "name": "key-1", "refused": 1},
        {"id": "key-0", "name": "key-0", "refused": 1},
    ]
    assert found["words"].endswith("would have refused 2 of 5 requests, of 2 keys.")
    assert found["complete"] is True
    assert not Limit.objects.exists()
    UsageBucket.objects.create(
        start=NOW - timedelta(days=30), provider="acme", cost_micro_usd=2_000_000
    )
    since = (NOW - timedelta(hours=2, minutes=30)).isoformat()
    later = api.post(PATH, {"limit": {**LIMIT, "window": "total"}, "from": since}).json()
    assert (later["bound"], later["refused"]) == (2, 1), "what was used before counts"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"limit": {**LIMIT, "amount": -1}}, "amount"),
        ({"limit": LIMIT, "from": "soon"}, "from"),
        ({"limit": LIMIT, "from": "2026-02-01", "to": "2026-01-01"}, "from"),
    ],
)
def test_a_broken_question(api: Api, body: Any, path: str) -> None:
    answer = api.post(PATH, body)
    assert answer.status_code == 400
    assert list(error_of(answer)["fields"]) == [path]
    assert api.post(PATH, []).status_code == 400
