"""What an operator's programs do over REST, in a few words."""

from __future__ import annotations

import itertools
from typing import Any

import httpx

from tests.support.eventually import eventually
from tests.support.upstream import Upstream

_names = itertools.count(1)


class Operator:
    def __init__(self, url: str, key: str) -> None:
        self.url = url
        self.key = key
        self.headers = {"Authorization": f"Bearer {key}"}
        self.api = httpx.Client(base_url=f"{url}/api/governance", headers=self.headers, timeout=30)

    def provider(self, upstream: Upstream | str, **more: Any) -> str:
        """Adds a provider and returns its name."""
        name = f"p{next(_names)}"
        base_url = upstream if isinstance(upstream, str) else upstream.base_url
        body = {"name": name, "kind": "openai", "base_url": base_url, "is_local": True, **more}
        answer = self.api.post("/providers", json=body)
        assert answer.status_code == 201, answer.text
        return name

    def profile(
        self, *targets: dict[str, Any], offered: bool = True, **more: Any
    ) -> dict[str, Any]:
        """Adds a profile and returns it as the service keeps it, once every process has it; where
        none of its targets may be used it is not `offered`, and they are not asked."""
        name = f"v{next(_names)}"
        body = {"name": name, "virtual_provider": name, "targets": list(targets), **more}
        answer = self.api.post("/routing-profiles", json=body)
        assert answer.status_code == 201, answer.text
        if offered:
            eventually(lambda: self._is_known(f"{name}/"))
        return dict(answer.json()["profile"])

    def _is_known(self, prefix: str) -> bool:
        """Whether every process offers it, as far as sixteen new connections tell."""
        for _ in range(16):
            offer = httpx.get(f"{self.url}/v1/models", headers=self.headers, timeout=30).json()
            if not any(one["id"].startswith(prefix) for one in offer["data"]):
                return False
        return True

    def replace(self, profile: dict[str, Any]) -> None:
        answer = self.api.put(f"/routing-profiles/{profile['id']}", json=profile)
        assert answer.status_code == 200, answer.text

    def ask(self, model: str, **more: Any) -> httpx.Response:
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}], **more}
        return httpx.post(
            f"{self.url}/v1/chat/completions", json=body, headers=self.headers, timeout=30
        )
