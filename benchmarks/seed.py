"""Fills a data directory as an operator would: `python -m benchmarks.seed MOCK_PORT`.

Runs in a process of its own, with the service's environment. The key with which everything may be
asked is made by `manage.py create_api_key` afterwards, as in the documentation.
"""

from __future__ import annotations

import argparse
import hashlib
import os
from typing import Any, Final

PROVIDERS: Final = {
    # name: the mock's route
    "mock": "openai-64",
    "mock-b": "openai-64",
    "mock-c": "openai-64",
    "long": "openai-5000",
    "paced": "openai-paced",
    "slow": "openai-slow",
    "flaky": "openai-flaky",
    "limits": "openai-limits",
    "claude": "anthropic-64",
}

PROFILES: Final[dict[str, dict[str, Any]]] = {
    "v-plain": {"targets": ["mock"]},
    "v-long": {"targets": ["long"]},
    "v-paced": {"targets": ["paced"]},
    "v-slow": {"targets": ["slow"]},
    "v-limits": {"targets": ["limits"]},
    "v-claude": {"targets": ["claude"]},
    "v-weighted": {"targets": ["mock", "mock-b", "mock-c"], "strategy": "weighted"},
    "v-failover": {"targets": ["flaky", "mock"]},
    "v-features-on": {"targets": ["mock", "mock-b"], "retries": 1, "hedge_after": 10},
    "v-features-off": {
        "targets": ["mock", "mock-b"],
        "retries": 0,
        "hedge_after": 0,
        "sticky_sessions": False,
        "on_broken_stream": "error",
    },
}


BOUND, EACH = "bound", "each"
"""Limits of four levels on the first of the keys, or one of each key and a thousand groups."""


def secret(number: int) -> str:
    """The n-th of the many keys; a real one is random, these have to be known to the load."""
    return "pm-" + hashlib.sha256(b"benchmark key %d" % number).hexdigest()[:43]


def filler(number: int) -> str:
    """Virtual provider of the n-th of the many profiles."""
    return f"v-filler-{number}"


def _profile(virtual_provider: str, targets: list[str], **more: Any) -> dict[str, Any]:
    """A profile that serves every alias."""
    return {
        "id": virtual_provider,
        "name": virtual_provider.title(),
        "virtual_provider": virtual_provider,
        "targets": [
            {"provider": name, "model": "mock-model", "priority": place, "weight": place + 1}
            for place, name in enumerate(targets)
        ],
        "local_fallback": "never",
        **more,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("mock_port", type=int)
    parser.add_argument(
        "--profiles", type=int, default=0, help="fillers besides those of the cases"
    )
    parser.add_argument("--keys", type=int, default=0, help="keys besides the one made by hand")
    parser.add_argument("--limits", choices=("", BOUND, EACH), default="", help="of the keys")
    options = parser.parse_args()

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
    import django

    django.setup()

    from django.core.management import call_command

    from benchmarks.routes import ROUTES
    from governance import services

    call_command("migrate", verbosity=0, interactive=False)
    for name, route in PROVIDERS.items():
        services.save_provider(
            {
                "name": name,
                "kind": ROUTES[route].protocol,
                "base_url": f"http://127.0.0.1:{options.mock_port}{ROUTES[route].base_path}",
                "is_local": True,
                "api_key": f"sk-secret-of-{name}",
                "default_model": "mock-model",
            },
            who="benchmark",
        )
    documents = [_profile(name, **more) for name, more in PROFILES.items()]
    documents += [_profile(filler(number), ["mock"]) for number in range(options.profiles)]
    services.replace_all(documents, who="benchmark")
    if options.keys:
        _many_keys(options.keys)
    if options.limits:
        from benchmarks.seed_limits import bind, limit_each

        bind() if options.limits == BOUND else limit_each(options.keys)


def _many_keys(count: int) -> None:
    """All at once: `services.create_key` makes them one by one, each with a revision."""
    from governance.keys import digest
    from governance.models import ApiKey

    ApiKey.objects.bulk_create(
        (
            ApiKey(
                name=f"benchmark {number}",
                prefix=secret(number)[:10],
                digest=digest(secret(number)),
                scopes=["inference"],
            )
            for number in range(count)
        ),
        batch_size=1000,
    )


if __name__ == "__main__":
    main()
