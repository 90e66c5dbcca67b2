"""Message batches by Anthropic's SDK: made, polled, read and deleted by the key that made them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import anthropic
import httpx
import pytest

from governance.kinds import KINDS
from inference.record.booking import BOOKED
from inference.record.record import RequestContext, add_sink, remove_sink
from tests.inference.tables import KEY, chain, provider, rebuilt, virtual_keys
from tests.support.batch_provider import BatchProvider
from tests.support.eventually import eventually
from tests.support.serving import served

OTHER = "pm-other-key"


@dataclass
class Way:
    url: str
    upstream: BatchProvider
    records: list[RequestContext]

    def sdk(self, key: str = KEY) -> anthropic.Anthropic:
        return anthropic.Anthropic(api_key=key, base_url=self.url, max_retries=0, timeout=10)


@pytest.fixture(scope="module")
def way() -> Iterator[Way]:
    """Two providers of the same batches: the first one is asked."""
    records: list[RequestContext] = []
    add_sink(records.append)
    with BatchProvider() as upstream:
        one = provider("claude", upstream.base_url, kind="anthropic")
        table = chain(one)
        targets = [
            replace(target, model="claude-sonnet-4-5")
            for target in next(iter(table.profiles.values())).targets
        ]
        profile = replace(next(iter(table.profiles.values())), targets=tuple(targets))
        mine = virtual_keys()
        first = next(iter(mine.values()))
        keys = {**mine, hashlib.sha256(OTHER.encode()).digest(): replace(first, id="key-2")}
        table = rebuilt(table, profiles=[profile], virtual_keys=keys)
        with served(table) as gateway:
            yield Way(gateway.url, upstream, records)
    remove_sink(records.append)


def asked(model: str = "light/light", *, name: str = "a", **more: Any) -> Any:
    params = {"model": model, "max_tokens": 9, "messages": [{"role": "user", "content": "hi"}]}
    return {"custom_id": name, "params": {**params, **more}}


def test_a_batch_from_its_making_to_its_end(way: Way) -> None:
    batches = way.sdk().messages.batches
    made = batches.create(requests=[asked(), asked(name="b", max_tokens=8)])
    assert made.id.startswith("msgbatch_1_sealed_")
    sent = way.upstream.batches["msgbatch_1"]
    assert [one["params"]["model"] for one in sent] == ["claude-sonnet-4-5"] * 2
    assert [one["params"]["max_tokens"] for one in sent] == [9, 8]
    assert batches.retrieve(made.id).processing_status == "in_progress"
    assert batches.cancel(made.id).processing_status == "canceling"
    way.upstream.ended = True
    ended = batches.retrieve(made.id)
    assert ended.results_url == f"/v1/messages/batches/{made.id}/results"
    for _ in range(2):
        results = list(batches.results(made.id))
        assert [one.custom_id for one in results] == ["a", "b", "late"]
    booked = eventually(lambda: two_of(way))
    assert booked[0].id == booked[1].id, "so that the collector counts it once"
    usage = booked[0].usage
    assert usage is not None
    assert (usage.prompt, usage.completion, usage.cached) == (300, 40, 100)
    assert usage.units == {"batched_requests": 2}
    assert booked[0].virtual_key is not None
    assert booked[0].virtual_key.id == "key-1"
    assert batches.delete(made.id).id == made.id
    with pytest.raises(anthropic.NotFoundError):
        batches.retrieve(made.id)


def two_of(way: Way) -> list[RequestContext]:
    booked = [one for one in way.records if one.id.startswith(BOOKED)]
    return booked if len(booked) == 2 else []


def test_no_other_key_reaches_it(way: Way) -> None:
    """Nor does anybody by the provider's own id, and the provider is not asked."""
    made = way.sdk().messages.batches.create(requests=[asked()])
    own = made.id.partition("_sealed_")[0]
    before = list(way.upstream.asked)
    for key, name in ((OTHER, made.id), (OTHER, own), (KEY, own), (KEY, made.id + "x")):
        batches = way.sdk(key).messages.batches
        for use in (batches.retrieve, batches.cancel, batches.delete):
            with pytest.raises(anthropic.NotFoundError):
                use(name)
    assert way.upstream.asked == before
    assert own in way.upstream.batches


def test_only_kinds_that_hold_batches_are_asked() -> None:
    serving = {kind.name for kind in KINDS.values() if kind.serves("batches")}
    assert serving == {"anthropic"}


@pytest.mark.parametrize(
    ("requests", "field"),
    [
        ([], "requests"),
        ([asked(), asked("light/other")], "requests[1].params.model"),
        ([asked(stream=True)], "requests[0].params.stream"),
        ([asked(max_tokens="many")], "requests[0].params: `max_tokens`"),
        ([{"custom_id": "a"}], "requests[0].params"),
    ],
)
def test_what_breaks_a_rule_is_named(way: Way, requests: list[Any], field: str) -> None:
    count = len(way.upstream.batches)
    got = httpx.post(
        f"{way.url}/v1/messages/batches", json={"requests": requests}, headers={"x-api-key": KEY}
    )
    assert got.status_code == 400
    assert field in got.json()["error"]["message"]
    assert len(way.upstream.batches) == count
