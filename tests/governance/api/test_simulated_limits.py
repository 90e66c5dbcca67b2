"""Simulations know limits: which bind, how much is used, what that does to targets."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from governance import services
from governance.models import UsageBucket
from governance.services import LIMITS
from tests.governance.api.conftest import Api
from tests.governance.conftest import profile_document, provider_document

SIMULATE = "/routing-profiles/simulate"


@pytest.fixture(autouse=True)
def rows(db: None) -> None:
    for name in ("fast", "slow"):
        services.save_provider(provider_document(name, is_local=True), who="t")
    half = {"provider": "fast", "model": "m-1", "rate_limit": {"budget_percent_threshold": 50}}
    targets = [half, {"provider": "slow", "model": "m-2"}]
    services.save_profile(profile_document(targets=targets), who="t")


def limit(**changes: Any) -> None:
    document = {"name": "all", "subject": {"type": "everything"}, "measure": "cost", "amount": 10}
    LIMITS.save({**document, "window": "month", **changes}, who="t")


def spent(dollars: float) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    UsageBucket.objects.create(start=now, provider="x", cost_micro_usd=round(dollars * 1e6))


def simulated(api: Api) -> dict[str, Any]:
    answer = api.post(SIMULATE, {"model": "light/m-1"})
    assert answer.status_code == 200, answer.content
    document: dict[str, Any] = answer.json()
    return document


def test_it_works(api: Api) -> None:
    assert "limits" not in simulated(api)
    limit()
    spent(6)
    found = simulated(api)
    assert [(one["name"], one["used"], one["reached"]) for one in found["limits"]] == [
        ("all", "6", False)
    ]
    assert found["rejections"][0]["reason"] == "budget_threshold_exceeded"
    assert found["primary"]["provider"] == "slow"


def test_what_is_reached_refuses(api: Api) -> None:
    limit()
    spent(10)
    found = simulated(api)
    assert found["refusal"]["status"] == 429
    assert '"all"' in found["refusal"]["message"]


def test_a_provider_that_is_used_up_is_skipped(api: Api) -> None:
    limit(subject={"type": "provider", "id": "slow"}, amount=1)
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    UsageBucket.objects.create(start=now, provider="slow", cost_micro_usd=2_000_000)
    found = simulated(api)
    assert [one["provider"] for one in found["rejections"]] == ["slow"]
    assert found["primary"]["provider"] == "fast"
