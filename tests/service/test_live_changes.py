"""A change made anywhere is live in every process within a second, and disturbs no stream."""

from __future__ import annotations

import threading
import time

import httpx

from tests.service.operator import Operator
from tests.support import openai_shapes as shapes
from tests.support.upstream import Json, Sse, Upstream


def test_a_saved_change_is_live_in_every_process_within_a_second(operator: Operator) -> None:
    """Each request takes a new connection, so both workers answer some of them."""
    with (
        Upstream(Json(shapes.completion("one"))) as one,
        Upstream(Json(shapes.completion("two"))) as two,
    ):
        first, second = operator.provider(one), operator.provider(two)
        profile = operator.profile({"provider": first, "model": "m"})
        model = f"{profile['virtual_provider']}/m"
        time.sleep(1)
        assert operator.ask(model).json()["choices"][0]["message"]["content"] == "one"
        for target, text in ((second, "two"), (first, "one"), (second, "two")):
            profile["targets"][0]["provider"] = target
            operator.replace(profile)
            time.sleep(1)
            for _ in range(20):
                answer = operator.ask(model).json()
                assert answer["choices"][0]["message"]["content"] == text


def test_saving_disturbs_none_of_fifty_streams(operator: Operator) -> None:
    """Fifty streams of three seconds while a profile is saved again and again."""
    events = shapes.stream(*[f"{n} " for n in range(60)])
    expected = "".join(f"{n} " for n in range(60))
    results: list[str] = []

    def read(url: str, model: str) -> None:
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "x"}]}
        text = ""
        with httpx.stream(
            "POST", f"{url}/v1/chat/completions", json=body, headers=operator.headers, timeout=60
        ) as answer:
            for line in answer.iter_lines():
                if line.startswith("data: {"):
                    for choice in httpx.Response(200, text=line[6:]).json()["choices"]:
                        text += choice["delta"].get("content") or ""
                elif line == "data: [DONE]":
                    text += "|"
        results.append(text)

    with Upstream(Sse(events, pause=0.05)) as upstream, Upstream(Json({})) as elsewhere:
        name, other = operator.provider(upstream), operator.provider(elsewhere)
        profile = operator.profile({"provider": name, "model": "m"})
        model = f"{profile['virtual_provider']}/m"
        time.sleep(1)
        threads = [threading.Thread(target=read, args=(operator.url, model)) for _ in range(50)]
        for thread in threads:
            thread.start()
        while len(upstream.asked) < 50:
            time.sleep(0.02)
        for turn in range(10):
            profile["description"] = f"turn {turn}"
            profile["targets"] = [{"provider": other if turn % 2 else name, "model": "m"}]
            operator.replace(profile)
            time.sleep(0.1)
        for thread in threads:
            thread.join(60)
    assert results == [expected + "|"] * 50
