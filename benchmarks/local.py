"""The local engine against the libraries behind it, in one run: `python -m benchmarks.local`.

The service as `make run` sets it up beside raw xllamacpp, then beside raw mlx-lm and
`mlx_lm.server`, over the same weights. Those of a runtime are measured in turns, row by row, and
each row is printed when it is there. `--write` puts the tables into docs/local-models.md. Takes up
to ten minutes; nothing else should run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Final

from benchmarks.local_figures import ROWS, SLOW, SLOW_BELOW, Effort, memory_bandwidth, resident
from benchmarks.local_report import Figures, table, verdicts, write
from benchmarks.local_subjects import Near, Subject, mlx_server, raw, service
from inference.local.environment import find_openblas
from inference.local.runtime_names import LLAMA_CPP, MLX
from inference.local.weights import GGUF_NAME, NAME, ensure_smollm2

Enter = Callable[[], AbstractContextManager[Subject]]
CHOICES: Final = ("llama.cpp", "mlx")


def say(text: str) -> None:
    print(text, flush=True)


@contextmanager
def ours(models: Path, model: str, **settings: str) -> Iterator[Subject]:
    """On a data directory of its own, with the same files."""
    with tempfile.TemporaryDirectory(prefix="pm-") as name:
        shutil.copytree(models, Path(name) / "models", copy_function=_linked)
        with service(model, Path(name), **settings) as served:
            yield Near(served)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


@contextmanager
def served_by_mlx(model: Path) -> Iterator[Subject]:
    with mlx_server(model) as served:
        yield Near(served)


def subjects(models: Path) -> dict[str, dict[str, Enter]]:
    """By runtime; each enters one who answers."""
    gguf, folder = models / f"{GGUF_NAME}.gguf", models / NAME
    return {
        "llama.cpp": {
            "xllamacpp": lambda: raw("llama", gguf),
            "ours, llama.cpp": lambda: ours(models, f"llama-cpp/{GGUF_NAME}"),
        },
        "mlx": {
            "mlx-lm": lambda: raw("mlx", folder),
            "mlx_lm.server": lambda: served_by_mlx(folder),
            "ours, MLX": lambda: ours(models, f"mlx/{NAME}", POINTSMAN_ENABLE_BATCHING="true"),
        },
    }


def measure(there: Mapping[str, Subject]) -> tuple[Figures, Effort]:
    """All of one runtime, row by row, in turns. How much is asked of them suits the slowest."""
    speeds = {name: one.speed() for name, one in there.items()}
    for name, speed in speeds.items():
        say(f"{name}: reads {speed:.0f} prompt tokens a second")
    effort = SLOW if min(speeds.values()) < SLOW_BELOW else Effort()
    figures: Figures = {name: {} for name in there}
    for row in ROWS:
        _measure_row(row, there, effort, figures)
    for name, one in there.items():
        figures[name]["memory"] = [resident(one.pids)]
    return figures, effort


def _measure_row(row: str, there: Mapping[str, Subject], effort: Effort, figures: Figures) -> None:
    """Each repeat begins with another one, so that none is always the first."""
    began, longest, names = time.monotonic(), 0.0, list(there)
    for place in range(effort.repeats):
        since = time.monotonic()
        if place and since - began + longest > effort.row_seconds:
            break
        for name in names:
            found = there[name].row(row, effort, place)
            shown = ", ".join(f"{key} {value:.3f}" for key, value in found.items())
            say(f"{row} {place + 1}, {name}: {shown}")
            for key, value in found.items():
                figures[name].setdefault(key, []).append(value)
        longest = max(longest, time.monotonic() - since)
        names.append(names.pop(0))


def run(runtime: str, enter: Mapping[str, Enter], models: Path) -> tuple[str, bool]:
    """The table and the verdicts in Markdown, and whether every bar is reached."""
    began = time.monotonic()
    with ExitStack() as stack:
        there = {name: stack.enter_context(one()) for name, one in enter.items()}
        figures, effort = measure(there)
    bandwidth = memory_bandwidth()
    if runtime == "llama.cpp":
        weights = (models / f"{GGUF_NAME}.gguf").stat().st_size
    else:
        weights = sum(file.stat().st_size for file in (models / NAME).glob("*.safetensors"))
    text = table(figures, effort, bandwidth / weights)
    text += f"\n{os.cpu_count()} cores; memory read at {bandwidth / 1e9:.0f} GB/s"
    if runtime == "mlx":
        text += f"; OpenBLAS {'found' if find_openblas() else 'not found'}"
    text += f"; measured in {time.monotonic() - began:.0f} s.\n\n"
    found = list(verdicts(figures))
    text += "".join(f"- {words}\n" for _, words in found)
    return text, all(reached for reached, _ in found)


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 1 when a bar is missed, or a runtime could not be measured."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="a models folder with the embedded model")
    parser.add_argument("--only", choices=CHOICES, help="one of the runtimes")
    parser.add_argument("--write", action="store_true", help="into docs/local-models.md")
    options = parser.parse_args(argv)
    good = True
    with tempfile.TemporaryDirectory(prefix="pm-") as name:
        models = options.models or Path(name) / "models"
        runtimes = [options.only] if options.only else list(CHOICES)
        wanted = [LLAMA_CPP if one == "llama.cpp" else MLX for one in runtimes]
        # The service makes what is missing, which would be measured as well.
        ensure_smollm2(models, lambda *_: None, runtimes=[*wanted, LLAMA_CPP, MLX])
        for runtime in runtimes:
            try:
                text, reached = run(runtime, subjects(models)[runtime], models)
            except Exception:
                traceback.print_exc()
                good = False
                continue
            say(f"\n{text}")
            good = good and reached
            if options.write:
                write(runtime, text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
