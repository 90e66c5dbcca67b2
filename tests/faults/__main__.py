"""`python -m tests.faults [SECTION ...]`: runs them, prints the figures, rewrites the page."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.faults import (
    database,
    figures,
    inbound,
    limits,
    matrix,
    processes,
    soak,
    stopping,
    upstream,
)

Run = Callable[[Path], Iterator[figures.Figure]]
SECTIONS: dict[str, Run] = {
    "inbound": inbound.run,
    "matrix": matrix.run,
    "upstream": upstream.run,
    "processes": processes.run,
    "database": database.run,
    "stopping": stopping.run,
}
BY_NAME: dict[str, Run] = {"limits": limits.run, "soak": soak.run}
"""By name alone: `make test-limits`, `make test-soak`."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, *BY_NAME, []], default=[])
    parser.add_argument("--check", action="store_true", help="leave the page as it is")
    parser.add_argument("--requests", type=int, default=soak.REQUESTS, help="of the soak")
    options = parser.parse_args()
    failed = 0
    for name in options.sections or SECTIONS:
        found = []
        with tempfile.TemporaryDirectory(prefix="pm-faults-") as folder:
            for one in _run(name, Path(folder), options.requests):
                mark = "ok  " if one.holds else "MISS"
                sys.stdout.write(f"{mark} {name}: {one.what}: {one.found} ({one.bound})\n")
                sys.stdout.flush()
                failed += not one.holds
                found.append(one)
        if not options.check:
            figures.write(name, found)
    return min(failed, 1)


def _run(name: str, folder: Path, requests: int) -> Iterator[figures.Figure]:
    if name == "soak":
        return soak.run(folder, requests)
    return {**SECTIONS, **BY_NAME}[name](folder)


if __name__ == "__main__":
    sys.exit(main())
