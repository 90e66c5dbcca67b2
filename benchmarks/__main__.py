"""`python -m benchmarks`: measures the service beside a bare relay and the direct way.

Ends with status 1 when any answer was wrong, never because something was slow.
"""

from __future__ import annotations

import argparse
import fnmatch
import sys
from pathlib import Path

from benchmarks.groups import Options
from benchmarks.rounds import Plan
from benchmarks.run import run

_QUICK = Plan(rounds=2, seconds=0.2, warm_up=0.05, settling=2.5)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the short form: under a minute")
    parser.add_argument("--only", metavar="GLOB", action="append", help="cases by name; repeatable")
    parser.add_argument("--rounds", type=int, help="how often each subject is measured")
    parser.add_argument("--seconds", type=float, help="length of a round")
    parser.add_argument("--server", choices=("uvicorn", "daphne"), default="uvicorn")
    parser.add_argument("--workers", type=int, default=1, help="web processes; not pinned if more")
    parser.add_argument("--compare", metavar="URL", help="another gateway: http://HOST:PORT/v1")
    parser.add_argument("--compare-key", default="", help="its API key")
    parser.add_argument("--compare-model", default="mock-model", help="its model at the mock")
    parser.add_argument("--mock-port", type=int, default=0, help="where the mock listens")
    parser.add_argument("--python", action="store_true", help="mock and load without a compiler")
    parser.add_argument("--json", type=Path, help="where the figures go")
    parser.add_argument("--publish", action="store_true", help="results for the docs")
    given = parser.parse_args()
    plan = _QUICK if given.quick else Plan()
    patterns = given.only or ["*"]
    return run(
        Options(
            plan=Plan(given.rounds or plan.rounds, given.seconds or plan.seconds, plan.warm_up),
            wanted=lambda name: any(fnmatch.fnmatch(name, pattern) for pattern in patterns),
            quick=given.quick,
            server=given.server,
            workers=given.workers,
            compare=given.compare,
            compare_key=given.compare_key,
            compare_model=given.compare_model,
            mock_port=given.mock_port,
            python=given.python,
            json=given.json,
            publish=given.publish,
        )
    )


if __name__ == "__main__":
    sys.exit(main())
