"""What a provider must keep: its own rules, and an address that may be reached."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

from governance.routing import provider_rules
from governance.routing.addresses import forbidden_address
from governance.routing.fields import Problem


def provider_problems(
    document: object, *, others: Iterable[str] = (), virtual_providers: Iterable[str] = ()
) -> list[Problem]:
    """Every rule the provider breaks, a forbidden address included."""
    found = provider_rules.provider_problems(
        document, others=others, virtual_providers=virtual_providers
    )
    url = document.get("base_url") if isinstance(document, Mapping) else None
    if isinstance(url, str) and url and not any(one.path == "base_url" for one in found):
        why = forbidden_address(urlsplit(url).hostname or "")
        if why:
            found.append(Problem("base_url", "forbidden", f"base_url {why}."))
    return found
