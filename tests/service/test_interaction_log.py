"""Heuristics, hints and cloud fallback on the running service, as its JSONL log tells them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from tests.service.operator import Operator
from tests.support import openai_shapes as shapes
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.upstream import Json, Sse, Upstream

LONG = "word " * 500
TOOLS = [{"type": "function", "function": {"name": "f", "parameters": {}}}]


@contextmanager
def service(data_dir: Path, **settings: str) -> Iterator[tuple[Operator, Path]]:
    with Installation(data_dir, "--no-model", **settings) as running:
        yield Operator(running.url, running.api_key), data_dir / "interactions"


def lines(folder: Path, count: int) -> list[dict[str, Any]]:
    """The records, once there are `count`; every line of the log has to be whole JSON."""
    deadline = time.monotonic() + 5
    while True:
        texts = [line for path in sorted(folder.glob("*.jsonl")) for line in path.open()]
        if len(texts) >= count or time.monotonic() > deadline:
            assert len(texts) == count
            return [json.loads(text) for text in texts]
        time.sleep(0.05)


def test_the_shipped_rules_wake_up_with_their_profiles(tmp_path: Path) -> None:
    """Simple to fast, a hint beats it, long and tools to capable; each line says why."""
    reply = Json(shapes.completion())
    with Upstream(reply) as fast, Upstream(reply) as capable, service(tmp_path) as (operator, log):
        for name, upstream in (("fast", fast), ("capable", capable)):
            provider = operator.provider(upstream)
            body = {
                "name": name,
                "virtual_provider": name,
                "targets": [{"provider": provider, "model": f"{name}-1"}],
            }
            assert operator.api.post("/routing-profiles", json=body).status_code == 201
        asked: list[dict[str, Any]] = [
            {},
            {"routing_profile": "capable"},
            {"messages": [{"role": "user", "content": LONG}], "tools": TOOLS},
            {"stream": False, "tools": TOOLS},
        ]
        for more in asked:
            assert operator.ask("auto", **more).status_code == 200
        records = lines(log, len(asked))
    assert [(one["profile"]["name"], one["reason"]) for one in records] == [
        ("fast", "heuristic_rule:simple"),
        ("capable", "caller_hint"),
        ("capable", "heuristic_rule:complex"),
        ("capable", "heuristic_rule:complex"),
    ]
    assert (len(fast.asked), len(capable.asked)) == (1, 3)
    first = records[0]
    assert first["attempts"][0]["outcome"] == "ok"
    assert first["usage"]["prompt_tokens"] == 7
    assert first["key"]["name"] == "default"
    assert operator.key not in json.dumps(records)
    assert "word" not in json.dumps(records), "content is kept only when switched on"


def test_one_backend_takes_everything(tmp_path: Path) -> None:
    with Upstream(Json(shapes.completion())) as only, service(tmp_path) as (operator, log):
        operator.provider(only, default_model="m")
        for more in ({}, {"tools": TOOLS}, {"messages": [{"role": "user", "content": LONG}]}):
            assert operator.ask("auto", **more).status_code == 200
        assert {one["reason"] for one in lines(log, 3)} == {"default"}
    assert len(only.asked) == 3


def asked_until_it_is_known(operator: Operator, profile: dict[str, Any], stream: bool) -> int:
    """How many requests that took: a process that does not know it yet names none."""
    counted = count(1)

    def known() -> int:
        number = next(counted)
        answer = operator.ask(f"{profile['virtual_provider']}/any", stream=stream)
        return number if answer.headers.get("x-pointsman-profile") == profile["name"] else 0

    return eventually(known)


@pytest.mark.parametrize("enabled", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_cloud_with_credentials_and_its_fallback(
    tmp_path: Path, enabled: bool, stream: bool
) -> None:
    """R4.9: the stored credential reaches the cloud when it may; a failing cloud falls to local."""

    def reply(text: str) -> Json | Sse:
        return Sse(shapes.stream(text)) if stream else Json(shapes.completion(text))

    down = Json(shapes.error("down"), 503)
    flag = {"POINTSMAN_ENABLE_CLOUD_ROUTING": str(enabled).lower()}
    with Upstream(reply("cloud"), down) as cloud, Upstream(reply("local")) as local:
        with service(tmp_path, **flag) as (operator, log):
            credential = "sk-cloud-credential"
            name = operator.provider(cloud, is_local=False, api_key=credential)
            operator.provider(local, default_model="tiny", is_default=True)
            profile = operator.profile({"provider": name, "model": "big"}, offered=enabled)
            model = f"{profile['virtual_provider']}/any"
            # A profile that no target of its own can serve is in no list of models.
            before = 0 if enabled else asked_until_it_is_known(operator, profile, stream)
            answers = [operator.ask(model, stream=stream) for _ in range(2)]
            records = lines(log, before + 2)[before:]
            shown = operator.api.get(f"/providers/{name}").text
    assert credential not in shown
    assert credential.encode() not in (tmp_path / "pointsman.sqlite3").read_bytes()
    expected = ["cloud", "local"] if enabled else ["local", "local"]
    assert [
        text for text, answer in zip(expected, answers, strict=True) if text in answer.text
    ] == (expected)
    assert [one["fallback"] for one in records] == (["none", "local"] if enabled else ["local"] * 2)
    assert len(cloud.asked) == (2 if enabled else 0)
    if enabled:
        assert cloud.asked[0].headers["authorization"] == f"Bearer {credential}"
        assert [one["code"] for one in records[1]["attempts"]] == ["http_503", "ok"]
