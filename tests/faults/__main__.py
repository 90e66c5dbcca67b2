"""`python -m tests.faults [SECTION ...]`: runs them, prints the figures, rewrites the page."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults import database, figures, inbound, limits, matrix, processes, stopping, upstream

SECTIONS = {
    "inbound": inbound.run,
    "matrix": matrix.run,
    "upstream": upstream.run,
    "processes": processes.run,
    "database": database.run,
    "stopping": stopping.run,
}
LIMITS = {"limits": limits.run}
"""By name alone: `make test-limits`. They stand in a page of their own."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sections", nargs="*", choices=[*SECTIONS, *LIMITS, []], default=[])
    parser.add_argument("--check", action="store_true", help="leave the page as it is")
    options = parser.parse_args()
    failed = 0
    for name in options.sections or SECTIONS:
        with tempfile.TemporaryDirectory(prefix="pm-faults-") as folder:
            found = list({**SECTIONS, **LIMITS}[name](Path(folder)))
        for one in found:
            mark = "ok  " if one.holds else "MISS"
            sys.stdout.write(f"{mark} {name}: {one.what}: {one.found} ({one.bound})\n")
            sys.stdout.flush()
            failed += not one.holds
        if not options.check:
            figures.write(name, found)
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
