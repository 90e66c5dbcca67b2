"""The local engine against the libraries behind it, in one run: `python -m benchmarks.local`.

The service as `make run` sets it up, raw xllamacpp, raw mlx-lm and `mlx_lm.server`, over the same
weights. Prints a table with ratios and the roof that the memory's bandwidth sets, and writes it
into docs/local-models.md with `--write`. Takes some ten minutes; nothing else should run.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.local_figures import LocalFigures, Served, measure, memory_bandwidth
from benchmarks.local_subjects import mlx_server, raw, service
from benchmarks.service import ROOT
from inference.local.environment import find_openblas
from inference.local.runtimes import LLAMA_CPP, MLX
from inference.local.weights import GGUF_NAME, NAME, ensure_smollm2

DOC: Final = ROOT / "docs/local-models.md"
_BEGIN, _END = "<!-- figures of make bench-local -->\n", "<!-- end of figures -->\n"


class Bar(NamedTuple):
    """What one of ours must reach against another: `least` times, or `within` seconds."""

    row: str
    ours: str
    other: str
    least: float = 0.0
    within: float = 0.0


BARS: Final = (
    Bar("alone", "ours, llama.cpp", "xllamacpp", least=0.93),
    Bar("eight", "ours, llama.cpp", "xllamacpp", least=0.9),
    Bar("first_short", "ours, llama.cpp", "xllamacpp", within=0.015),
    Bar("again_long", "ours, llama.cpp", "xllamacpp", within=0.010),
    Bar("alone", "ours, MLX", "mlx_lm.server", least=1.0),
    Bar("eight", "ours, MLX", "mlx_lm.server", least=1.0),
    Bar("first_short", "ours, MLX", "mlx_lm.server", within=0.0),
    Bar("first_long", "ours, MLX", "mlx_lm.server", within=0.0),
    Bar("again_long", "ours, MLX", "mlx_lm.server", within=0.0),
)
ROWS: Final = (
    ("alone", "tokens/s, one caller", "{:.0f}"),
    ("eight", "tokens/s, 8 callers together", "{:.0f}"),
    ("first_short", "first token, 40-token prompt", "{:.3f} s"),
    ("first_long", "first token, 1,400-token prompt", "{:.2f} s"),
    ("again_long", "the same prompt again", "{:.3f} s"),
    ("turn_one", "first token, turn 1 of a chat", "{:.3f} s"),
    ("turn_five", "first token, turn 5 of a chat", "{:.3f} s"),
    ("stands_still", "a running stream while a long prompt joins stands still for", "{:.2f} s"),
    ("memory", "memory", "{:.0f} MB"),
)


def kept(bar: Bar, figures: dict[str, LocalFigures]) -> tuple[bool, str]:
    """Whether a bar is reached, and the sentence that says so."""
    ours, other = (getattr(figures[name], bar.row) for name in (bar.ours, bar.other))
    if bar.least:
        ratio = ours / other if other else 0.0
        words = f"{ratio:.2f} of {bar.other} (bar {bar.least:g})"
        reached = ratio >= bar.least
    else:
        behind = ours - other
        words = f"{1000 * behind:+.0f} ms against {bar.other} (bar {1000 * bar.within:.0f} ms)"
        reached = behind <= bar.within
    label = next(label for row, label, _ in ROWS if row == bar.row)
    return reached, f"{label}: {bar.ours} {words}: {'reached' if reached else 'NOT reached'}"


def table(figures: dict[str, LocalFigures], roofs: dict[str, float]) -> str:
    """The figures in Markdown."""
    lines = [f"| | {' | '.join(figures)} |", f"|---|{'---|' * len(figures)}"]
    for row, label, form in ROWS:
        cells = [form.format(getattr(one, row)) for one in figures.values()]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    cells = [f"{one.alone / roofs[name]:.0%} of {roofs[name]:.0f}" for name, one in figures.items()]
    lines.append(f"| tokens/s of what the memory's bandwidth allows | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def write(text: str) -> None:
    """Into the docs, in the place of the figures before."""
    whole = DOC.read_text()
    if _BEGIN not in whole:
        whole += (
            f"\n**Figures.** `make bench-local` on the machine it ran on last:\n\n{_BEGIN}{_END}"
        )
    before, rest = whole.split(_BEGIN, 1)
    DOC.write_text(before + _BEGIN + text + _END + rest.split(_END, 1)[1])


def run(models: Path, options: argparse.Namespace) -> dict[str, LocalFigures]:
    """Each by itself, one after the other."""

    def take(served: Served) -> LocalFigures:
        return measure(
            served,
            rounds=options.rounds,
            tokens=options.tokens,
            sentences=options.sentences,
        )

    def ours(model: str, **settings: str) -> LocalFigures:
        with tempfile.TemporaryDirectory(prefix="pm-") as name:
            shutil.copytree(models, Path(name) / "models", copy_function=shutil.copy2)
            with service(model, Path(name), **settings) as served:
                return take(served)

    def server() -> LocalFigures:
        with mlx_server(models / NAME) as served:
            return take(served)

    subjects: dict[str, Callable[[], LocalFigures]] = {
        "xllamacpp": lambda: raw("llama", models / f"{GGUF_NAME}.gguf", options),
        "ours, llama.cpp": lambda: ours(f"llama-cpp/{GGUF_NAME}"),
        "mlx-lm": lambda: raw("mlx", models / NAME, options),
        "mlx_lm.server": server,
        "ours, MLX": lambda: ours(f"mlx/{NAME}", POINTSMAN_ENABLE_BATCHING="true"),
    }
    figures = {}
    for name, subject in subjects.items():
        if options.only and not name.endswith(options.only):
            continue
        print(f"{name} ...", file=sys.stderr, flush=True)
        figures[name] = subject()
    return figures


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=Path, help="a models folder with the embedded model")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=96, help="of each answer")
    parser.add_argument("--sentences", type=int, default=95, help="of the long prompt")
    parser.add_argument("--only", default="", help="those whose name ends so")
    parser.add_argument("--write", action="store_true", help="into docs/local-models.md")
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as name:
        models = options.models or Path(name) / "models"
        ensure_smollm2(models, lambda *_: None, runtimes=(MLX, LLAMA_CPP))
        figures = run(models, options)
        bandwidth = memory_bandwidth()
        sizes = {
            "llama": (models / f"{GGUF_NAME}.gguf").stat().st_size,
            "mlx": sum(file.stat().st_size for file in (models / NAME).glob("*.safetensors")),
        }
    roofs = {name: bandwidth / sizes["llama" if "llama" in name else "mlx"] for name in figures}
    text = table(figures, roofs)
    text += f"\nMemory read at {bandwidth / 1e9:.0f} GB/s; OpenBLAS "
    text += "found.\n" if find_openblas() else "not found.\n"
    known = [bar for bar in BARS if {bar.ours, bar.other} <= figures.keys()]
    verdicts = [kept(bar, figures) for bar in known]
    print(text)
    for _, words in verdicts:
        print(words)
    if options.write:
        write(text + "\n" + "".join(f"- {words}\n" for _, words in verdicts))
    return 0 if all(reached for reached, _ in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
