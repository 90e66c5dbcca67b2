"""Forms as a browser sends them, and pages as people read them."""

from __future__ import annotations

import html
import re
from typing import Any

ROOT = "/admin/governance"


def profile_form(document: dict[str, Any], adding: bool = True) -> dict[str, Any]:
    """What a browser sends for this profile; targets lie in their order."""
    plain = ("name", "description", "virtual_provider", "virtual_key_id", "strategy")
    data: dict[str, Any] = {name: document.get(name, "") or "" for name in plain}
    data["strategy"] = document.get("strategy", "ordered_failover")
    data["local_fallback"] = document.get("local_fallback", "default")
    data["on_broken_stream"] = document.get("on_broken_stream", "continue")
    for name in ("retries", "hedge_after", "spill_after"):
        data[name] = "" if document.get(name) is None else document[name]
    if adding:
        data["id"] = document.get("id", "")
    data |= _switch("enabled", document.get("enabled", True))
    data |= _switch("local_only", document.get("local_only", False))
    data |= _switch("sticky_sessions", document.get("sticky_sessions", True))
    data["return_after"] = document.get("return_after", 300)
    cache, shadow = document.get("cache") or {}, document.get("shadow") or {}
    data |= {f"cache_{name}": cache[name] for name in ("ttl", "scope") if name in cache}
    data |= _switch("cache_tools", cache.get("tools", False))
    data |= _switch("cache_cadence", cache.get("cadence", False))
    data |= {f"shadow_{name}": value for name, value in shadow.items()}
    targets = document.get("targets", [])
    data["targets-TOTAL_FORMS"] = str(len(targets))
    data["targets-INITIAL_FORMS"] = "0"
    for place, target in enumerate(targets):
        data |= {
            f"targets-{place}-{name}": value
            for name, value in _target_form(target, place).items()
            if value is not None
        }
    return data


def _target_form(target: dict[str, Any], place: int) -> dict[str, Any]:
    return {
        "provider": target.get("provider", ""),
        "virtual_model": target.get("virtual_model", ""),
        "model": target.get("model", ""),
        "priority": target.get("priority", 0),
        "weight": target.get("weight", 1),
        "request_types": target.get("request_types", []),
        "capabilities": target.get("capabilities", []),
        "hedge_after": target.get("hedge_after"),
        "position": place,
        **_switch("enabled", target.get("enabled", True)),
        **(target.get("rate_limit") or {}),
    }


def _switch(name: str, on: bool) -> dict[str, str]:
    return {name: "on"} if on else {}


def messages_of(answer: Any) -> list[str]:
    """What the page after a redirect says."""
    return [str(message) for message in answer.context["messages"]]


def text_of(answer: Any) -> str:
    """The page as people read it."""
    content = re.sub(r"<[^>]+>", " ", answer.content.decode())
    return re.sub(r"\s+", " ", html.unescape(content))
