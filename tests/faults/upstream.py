"""What a failing provider leaves behind in a web process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.faults.figures import Figure, at_most, resident
from tests.faults.inbound import web_process
from tests.service.operator import Operator
from tests.support import openai_shapes as shapes
from tests.support.installation import Installation
from tests.support.upstream import Cut, Json, Sse, Upstream

TIMES = 40
PROMPT = 10_000_000


def run(folder: Path) -> Iterator[Figure]:
    scripts = {
        "closes before its head": Cut(),
        "breaks off in its stream": Sse(shapes.stream("a", "b")[:2], then="cut"),
        "answers 500": Json({"error": {"message": "no"}}, status=500),
    }
    with Installation(folder, "--no-model") as service:
        operator = Operator(service.url, service.api_key)
        pid = web_process(service)
        for what, script in scripts.items():
            with Upstream(script) as upstream:
                name = operator.provider(upstream)
                profile = operator.profile({"provider": name, "model": "m"}, local_fallback="never")
                body = {
                    "model": f"{profile['virtual_provider']}/m",
                    "stream": True,
                    "messages": [{"role": "user", "content": "x" * PROMPT}],
                }
                content = json.dumps(body).encode()

                def ask(content: bytes = content) -> None:
                    headers = {**operator.headers, "content-type": "application/json"}
                    url = f"{operator.url}/v1/chat/completions"
                    httpx.post(url, content=content, headers=headers, timeout=60)

                for _ in range(5):
                    ask()
                before = resident(pid)
                for _ in range(TIMES):
                    ask()
                grown = resident(pid) - before
            yield at_most(f"{TIMES} prompts of 10 MB, the provider {what}: growth", grown, 60, "MB")
