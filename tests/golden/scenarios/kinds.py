"""What depends on which kinds of providers there are."""

from __future__ import annotations

from typing import Any

from tests.golden.steps import Scenario, Step, aimed, get, patch, post, provider, put, target

PATH = "/providers"


def _kind(kind: Any, **changes: Any) -> Step:
    return post(PATH, provider("some", **{"kind": kind, **changes}))


SCENARIOS = {
    "kinds": Scenario(
        [
            _kind("mlx", name="engine", base_url=""),
            _kind("mlx", name="engine-2", base_url=None, is_local=False),
            post(PATH, {"name": "engine-3", "kind": "mlx"}),
            _kind("mlx", name="mlx-server", base_url="http://127.0.0.1:8080/v1"),
            _kind("mlx", name="mlx-lan", base_url="http://mac.example:8080/v1"),
            _kind("openai", name="open"),
            _kind("anthropic", name="claude"),
            _kind("openai", base_url=""),
            _kind("openai", base_url=None),
            _kind("anthropic", base_url=""),
            _kind("anthropic", base_url=7),
            _kind(None),
            _kind(""),
            _kind("", base_url=""),
            _kind("MLX"),
            _kind("unheard_of"),
            _kind("unheard_of", base_url=""),
            _kind(7),
            _kind(["mlx"]),
            get(f"{PATH}?kind=mlx"),
            get(f"{PATH}?kind=openai"),
            get(f"{PATH}?kind=anthropic"),
            get(f"{PATH}?kind=MLX"),
            get(f"{PATH}?kind=other"),
            patch(f"{PATH}/open", {"kind": "mlx"}),
            patch(f"{PATH}/open", {"kind": "openai", "base_url": ""}),
            put(f"{PATH}/engine", {"kind": "openai"}),
            put(f"{PATH}/engine", {"kind": "mlx", "default_model": "tiny", "is_default": True}),
            post(
                "/routing-profiles",
                aimed(
                    target(provider="engine"),
                    target(provider="mlx-server"),
                    target(provider="open"),
                    target(provider="claude"),
                ),
            ),
            *(
                post(
                    "/routing-profiles/simulate",
                    {"model": "light/x", "request_type": request_type},
                )
                for request_type in ("chat", "messages", "responses", "completions", "embeddings")
            ),
            get("/revisions?limit=3"),
        ]
    ),
}
