"""More than one try costs a share of recent requests, and never more."""

from __future__ import annotations

from inference.dispatch.budget import hedge_budget, retry_budget


def test_budgets_are_shares_of_requests_and_never_nothing() -> None:
    for budget, at_once, share in (
        (retry_budget(0.0, 0), 10, 0.1),
        (hedge_budget(0.0, 0), 6, 0.05),
    ):
        assert sum(budget.spend(0.0, 0) for _ in range(50)) == at_once
        assert not budget.spend(0.0, 0)
        requests = 100
        assert sum(budget.spend(0.0, requests) for _ in range(50)) == round(requests * share)
        assert budget.spend(10.0, requests), "time brings one back"
