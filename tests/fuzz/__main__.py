"""`python -m tests.fuzz [TARGET ...] [--seconds N]`: atheris on parsers and translators.

`make fuzz` fetches atheris. What is found new goes into `tests/fuzz/corpus`, which `make test`
replays; an input that breaks something is written beside it, as `crash-...`.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

CORPUS: Final = Path(__file__).parent / "corpus"
LONGEST: Final = 4096
"""Bytes of an input."""
INSTRUMENTED: Final = ["inference", "msgspec"]


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
    os.environ.setdefault("POINTSMAN_DATA_DIR", tempfile.mkdtemp(prefix="pm-fuzz-"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*")
    parser.add_argument("--seconds", type=int, default=600, help="for all of them together")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        _fuzz(options.targets[0], options.seconds)
        return 0
    targets = options.targets or ["requests", "answers", "streams"]
    share = max(1, options.seconds // len(targets))
    return max(_run(target, share) for target in targets)


def _run(target: str, seconds: int) -> int:
    """In a process of its own, which atheris ends in its own way; then keeps what is new."""
    command = [sys.executable, "-m", "tests.fuzz", target, "--one", "--seconds", str(seconds)]
    sys.stdout.write(f"{target}: {seconds} s\n")
    sys.stdout.flush()
    return subprocess.run(command, check=False).returncode


def _fuzz(target: str, seconds: int) -> None:
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        from tests.fuzz import targets
    kept = CORPUS / target
    kept.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="pm-seeds-") as folder:
        for number, seed in enumerate(targets.seeds(target)):
            (Path(folder) / f"seed-{number}").write_bytes(seed[:LONGEST])
        arguments = [
            *(sys.argv[0], str(kept), folder, f"-max_len={LONGEST}", "-print_final_stats=1"),
            *(f"-max_total_time={seconds}", "-timeout=10", "-rss_limit_mb=2048"),
            *("-reduce_inputs=1", "-verbosity=0", f"-artifact_prefix={kept}/"),
        ]
        atheris.Setup(arguments, targets.TARGETS[target])
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
