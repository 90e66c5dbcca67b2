"""The end of a service: not ready, then no new callers, then every stream its own end."""

from __future__ import annotations

import json
import signal
import threading
import time
from pathlib import Path

import httpx

from tests.service.operator import Operator
from tests.support import openai_shapes as shapes
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.upstream import Sse, Upstream

DRAIN = 2


def test_a_stream_that_outlasts_the_drain_is_told_and_recorded(tmp_path: Path) -> None:
    endless = Sse(shapes.stream(*["x"] * 2000)[:1500], pause=0.02)
    said: list[str] = []
    with (
        Upstream(endless) as upstream,
        Installation(tmp_path, "--no-model", POINTSMAN_DRAIN_SECONDS=str(DRAIN)) as service,
    ):
        operator = Operator(service.url, service.api_key)
        name = operator.provider(upstream)
        profile = operator.profile({"provider": name, "model": "m"}, local_fallback="never")
        model = f"{profile['virtual_provider']}/m"

        def stream() -> None:
            body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "x"}]}
            url = f"{service.url}/v1/chat/completions"
            with httpx.stream("POST", url, json=body, headers=operator.headers) as answer:
                said.extend(answer.iter_lines())

        reading = threading.Thread(target=stream)
        reading.start()
        eventually(lambda: upstream.asked)
        began = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        statuses = []
        refused = False
        while time.monotonic() - began < DRAIN + 20 and not refused:
            try:
                statuses.append(httpx.get(f"{service.url}/readyz", timeout=5).status_code)
            except httpx.HTTPError:
                refused = True
            time.sleep(0.02)
        assert refused, "nobody is let in any more"
        assert 503 in statuses, "it was told before the listener closed"
        assert reading.is_alive(), "streams go on"
        reading.join(30)
        assert service.process.wait(30) == 0
    assert any('"x"' in line for line in said)
    assert "[DONE]" not in said[-1]
    last = json.loads(next(line for line in reversed(said) if line.startswith("data: "))[6:])
    assert last["error"]["code"] == "drained"
    records = [
        json.loads(line)
        for file in (tmp_path / "interactions").glob("interactions-*.jsonl")
        for line in file.read_text().splitlines()
    ]
    assert [record["error_code"] for record in records] == ["drained"]
