"""The shares of a draft, whatever state it is in."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given

from governance.what_if.shares import draft_shares
from tests.routing.strategies import json_values, objects


def draft(*targets: Any, strategy: str = "weighted") -> dict[str, Any]:
    return {"strategy": strategy, "targets": [{"provider": "p", **one} for one in targets]}


@pytest.mark.parametrize(
    ("document", "shares"),
    [
        (draft({"weight": 3}, {}), [0.75, 0.25]),
        (draft({"weight": 3}, {"weight": 9, "enabled": False}), [1.0, None]),
        (draft({"weight": 3}, {"provider": " "}), [1.0, None]),
        (draft({"weight": 0}, {"weight": 0, "priority": -1}), [0.0, 1.0]),
        (draft({"weight": 1, "virtual_model": "a"}, {"weight": 3, "virtual_model": "b"}), [1, 1]),
        (
            draft({"weight": 1, "virtual_model": "A"}, {"weight": 3, "virtual_model": "*"}),
            [0.25, 1],
        ),
        (draft({"weight": "x"}, {}), [None, None]),
        (draft({"weight": "x", "virtual_model": "a"}, {"virtual_model": "b"}), [None, 1.0]),
        (draft({"priority": 0.5}, {}), [None, None]),
        (draft({"weight": -1}, {}), [None, None]),
        (draft({"weight": 3}, {}, strategy="ordered_failover"), [None, None]),
        ({}, []),
        ({"targets": "x"}, []),
        ({"strategy": "weighted", "targets": [7]}, [None]),
    ],
)
def test_what_is_told(document: dict[str, Any], shares: list[float | None]) -> None:
    assert draft_shares(document) == shares


@given(objects("strategy", "targets"), json_values)
def test_nothing_breaks_it(document: dict[str, Any], target: Any) -> None:
    draft_shares(document)
    draft_shares({"strategy": "weighted", "targets": [target, {"provider": "p", "weight": target}]})
