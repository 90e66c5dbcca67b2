"""What a model refuses is changed before it is asked, of large bodies beside the event loop."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable

import pytest

from governance.kinds.model_rules import Fix
from governance.routing.table import ProviderEntry
from inference.dispatch import repairing
from inference.dispatch.large_bodies import LARGE
from inference.dispatch.repair_book import RepairBook
from inference.dispatch.repairing import RepairedRequest
from inference.translate.repairs import repaired
from inference.upstream.backend import backend_of

OPENAI = backend_of(ProviderEntry("p", "openai", "https://api.openai.com/v1", True))


def body(characters: int) -> bytes:
    fields = {"model": "gpt-5", "top_p": 0.5, "messages": [{"role": "user", "content": "x"}]}
    return json.dumps({**fields, "user": "x" * characters}).encode()


@pytest.mark.parametrize(("characters", "apart"), [(1, False), (LARGE, True)])
async def test_where_it_is_done(
    monkeypatch: pytest.MonkeyPatch, characters: int, apart: bool
) -> None:
    threads: list[threading.Thread] = []

    def seen(body: bytes, fixes: Iterable[Fix]) -> tuple[bytes, tuple[str, ...]]:
        threads.append(threading.current_thread())
        return repaired(body, fixes)

    monkeypatch.setattr(repairing, "repaired", seen)
    request = RepairedRequest(RepairBook(), OPENAI, "gpt-5", body(characters))
    await request.prepare()
    assert "top_p" not in json.loads(request.body)
    assert [one is not threading.main_thread() for one in threads] == [apart]


async def test_a_model_that_takes_everything_is_asked_what_came() -> None:
    given = body(1)
    request = RepairedRequest(RepairBook(), OPENAI, "gpt-4o", given)
    await request.prepare()
    assert request.body is given
