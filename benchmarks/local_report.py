"""What is made of the local engine's figures: a table, bars, and their place in the docs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from benchmarks.local_figures import Effort
from benchmarks.service import ROOT

DOC: Final = ROOT / "docs/local-models.md"
Figures = dict[str, dict[str, list[float]]]
"""By subject and figure, in the order of the repeats."""


class LocalBar(NamedTuple):
    """What one of ours must reach against another: `least` times, or `within` seconds."""

    figure: str
    ours: str
    other: str
    least: float = 0.0
    within: float = 0.0


BARS: Final = (
    LocalBar("alone", "ours, llama.cpp", "xllamacpp", least=0.93),
    LocalBar("eight", "ours, llama.cpp", "xllamacpp", least=0.9),
    LocalBar("first_short", "ours, llama.cpp", "xllamacpp", within=0.015),
    LocalBar("again_long", "ours, llama.cpp", "xllamacpp", within=0.010),
    LocalBar("alone", "ours, MLX", "mlx_lm.server", least=1.0),
    LocalBar("eight", "ours, MLX", "mlx_lm.server", least=1.0),
    LocalBar("first_short", "ours, MLX", "mlx_lm.server"),
    LocalBar("first_long", "ours, MLX", "mlx_lm.server"),
    LocalBar("again_long", "ours, MLX", "mlx_lm.server"),
)
LABELS: Final = (
    ("alone", "tokens/s, one caller", "{:.0f}"),
    ("eight", "tokens/s, 8 callers together", "{:.0f}"),
    ("first_short", "first token, 40-token prompt", "{:.3f} s"),
    ("first_long", "first token, {long}-token prompt", "{:.2f} s"),
    ("again_long", "the same prompt again", "{:.3f} s"),
    ("turn_one", "first token, turn 1 of a chat", "{:.3f} s"),
    ("turn_five", "first token, turn 5 of a chat", "{:.3f} s"),
    (
        "stands_still",
        "a running stream while a {long}-token prompt joins stands still for",
        "{:.2f} s",
    ),
    ("memory", "memory", "{:.0f} MB"),
)


def verdicts(figures: Figures) -> Iterator[tuple[bool, str]]:
    """For each bar whose figures are there: whether it is reached, and the sentence that says so.

    Repeats are compared one by one, since what else the machine does changes between them.
    """
    for bar in BARS:
        if {bar.ours, bar.other} <= figures.keys():
            ours, other = (figures[name][bar.figure] for name in (bar.ours, bar.other))
            yield _kept(bar, list(zip(ours, other, strict=True)))


def _kept(bar: LocalBar, pairs: list[tuple[float, float]]) -> tuple[bool, str]:
    if bar.least:
        ratio = median(ours / other if other else 0.0 for ours, other in pairs)
        words = f"{ratio:.2f} of {bar.other} (bar {bar.least:g})"
        reached = ratio >= bar.least
    else:
        behind = median(ours - other for ours, other in pairs)
        words = f"{1000 * behind:+.0f} ms against {bar.other} (bar {1000 * bar.within:.0f} ms)"
        reached = behind <= bar.within
    label = next(label for figure, label, _ in LABELS if figure == bar.figure)
    label = label.replace("{long}-token", "long")
    return reached, f"{label}: {bar.ours} {words}: {'reached' if reached else 'NOT reached'}"


def table(figures: Figures, effort: Effort, roof: float) -> str:
    """Medians in Markdown. `roof` are the tokens a second that the memory's bandwidth allows."""
    repeats = {key: len(values) for one in figures.values() for key, values in one.items()}
    lines = [f"| | {' | '.join(figures)} | repeats |", f"|---|{'---|' * (len(figures) + 1)}"]
    for figure, label, form in LABELS:
        cells = [form.format(median(one[figure])) for one in figures.values()]
        row = label.format(long=f"{effort.prompt_tokens:,}")
        lines.append(f"| {row} | {' | '.join(cells)} | {repeats[figure]} |")
    shares = [f"{median(one['alone']) / roof:.0%} of {roof:.0f}" for one in figures.values()]
    lines.append(f"| tokens/s of what the memory's bandwidth allows | {' | '.join(shares)} | |")
    return "\n".join(lines) + "\n"


def write(runtime: str, text: str, doc: Path = DOC) -> None:
    """Into the docs, in the place of this runtime's figures before."""
    begin, end = f"<!-- figures of make bench-local, {runtime} -->\n", "<!-- end of figures -->\n"
    whole = doc.read_text()
    if begin not in whole:
        whole += f"\n**Figures, {_NAMES[runtime]}.** `make bench-local`:\n\n{begin}{end}"
    before, rest = whole.split(begin, 1)
    doc.write_text(before + begin + text + end + rest.split(end, 1)[1])


_NAMES: Final[Mapping[str, str]] = {"llama.cpp": "llama.cpp", "mlx": "MLX"}
