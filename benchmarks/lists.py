"""`make bench-lists`: how soon the console's lists answer over a million interactions.

Seeds a data directory with interactions, both ledgers, keys and profiles, spread evenly, which is
the hardest for a ledger; starts the service over it and asks for each page as a browser does.
Tells the milliseconds to the first byte, the best of several, and the size of the page; of
figures, which are kept for seconds, the first of several, which finds them.
`ARGS="--data /some/folder"` keeps the seeded data for another run. `--postgres` measures
PostgreSQL, on a server of its own, `--database URL` on one that is there.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import httpx

from tests.support import postgres
from tests.support.installation import Installation

DATABASE: Final = "POINTSMAN_DATABASE_URL"
ROUNDS: Final = 5
LISTS: Final = {
    "interactions": "governance/interaction/",
    "last 7 days": "governance/interaction/?period=week",
    "one key": "governance/interaction/?key=key-77",
    "one profile": "governance/interaction/?profile=profile-7",
    "one model": "governance/interaction/?model=model-3",
    "any error": "governance/interaction/?outcome=any_error",
    "fallbacks": "governance/interaction/?fallback=target",
    "answered, one provider": "governance/interaction/?outcome=ok&provider=provider-2",
    "refused, one provider": "governance/interaction/?outcome=refused&provider=provider-2",
    "failed, one key": "governance/interaction/?outcome=retryable&key=key-7",
    "one session": "governance/interaction/?session=run-500",
    "search by key": "governance/interaction/?q=Application+4242",
    "search by error": "governance/interaction/?q=http_503",
    "search in vain": "governance/interaction/?q=nowhere",
    "deep page": "governance/interaction/?p={deep}",
    "conversations": "interactions/sessions/",
    "one conversation": "interactions/session?id=run-500",
    "API keys": "governance/apikey/",
    "routing profiles": "governance/routingprofile/",
    "providers": "governance/provider/",
    "revisions": "governance/revision/",
    "audit log": "governance/auditentry/",
}
"""What must be there in 100 ms."""
BEHIND: Final = {
    "facets and totals": "interactions/summary?",
    "of 7 days": "interactions/summary?period=week",
    "of one key": "interactions/summary?key=key-77",
    "of one profile": "interactions/summary?profile=profile-7",
    "of one model": "interactions/summary?model=model-3",
    "of one provider": "interactions/summary?provider=provider-2",
    "of any error": "interactions/summary?outcome=any_error",
    "of a search": "interactions/summary?q=http_503",
    "of answered, one provider": "interactions/summary?outcome=ok&provider=provider-2",
    "of refused, one provider": "interactions/summary?outcome=refused&provider=provider-2",
    "key typed": "interactions/facet/key?typed=Application+42",
    "dashboard, hour": "?period=hour",
    "dashboard, week": "?period=week",
    "dashboard, 30 days": "?period=month",
    "dashboard, 30 days by key": "dashboard?part=rest&period=month&by=key",
    "usage, 30 days": "usage/?period=month",
}
"""What may take a second."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=5_000)
    parser.add_argument("--profiles", type=int, default=500)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--database", default=os.environ.get(DATABASE, ""), metavar="URL")
    parser.add_argument("--postgres", action="store_true")
    options = parser.parse_args()
    with ExitStack() as stack:
        if options.postgres:
            options.database = stack.enter_context(postgres.server())
        data = options.data or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        data.mkdir(exist_ok=True)
        settings = {DATABASE: options.database} if options.database else {}
        told = data / "bench-lists"
        if not told.exists():
            began = time.perf_counter()
            counts = [str(getattr(options, name)) for name in ("rows", "keys", "profiles")]
            command = [sys.executable, "-m", "benchmarks.seed_lists", *counts]
            env = {**os.environ, "POINTSMAN_DATA_DIR": str(data), **settings}
            done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
            told.write_text(done.stdout)
            print(f"seeded in {time.perf_counter() - began:.0f} s")
        session, deep = told.read_text().split()
        measure(data, settings, session, deep)


def measure(data: Path, settings: Mapping[str, str], session: str, deep: str) -> None:
    with (
        Installation(data, "--no-model", **settings) as service,
        httpx.Client(
            base_url=f"{service.url}/admin/", cookies={"sessionid": session}, timeout=60
        ) as client,
    ):
        for title, pages, most in (("lists", LISTS, 100), ("behind them", BEHIND, 1000)):
            print(f"\n{title:28} first byte     all    size")
            for name, path in pages.items():
                runs = [asked(client, path.format(deep=deep)) for _ in range(ROUNDS)]
                first, whole, size = min(runs) if pages is LISTS else runs[0]
                late = "  over" if first > most else ""
                print(f"{name:28} {first:7.1f} ms {whole:6.1f} ms {size / 1000:5.0f} kB{late}")


def asked(client: httpx.Client, path: str) -> tuple[float, float, int]:
    began = time.perf_counter()
    with client.stream("GET", path) as answer:
        pieces = answer.iter_bytes()
        size = len(next(pieces, b""))
        first = time.perf_counter() - began
        size += sum(map(len, pieces))
    assert answer.status_code == 200, (path, answer.status_code)
    return first * 1000, (time.perf_counter() - began) * 1000, size


if __name__ == "__main__":
    main()
