"""The local engine's figures: the table, the bars, and their place in the docs."""

from __future__ import annotations

from pathlib import Path

from benchmarks.local_figures import SLOW, Effort
from benchmarks.local_report import LABELS, Figures, table, verdicts, write


def figures(**ours: float) -> Figures:
    """Of two, the second as good as the first but for `ours`."""
    raw = {figure: [10.0, 20.0] for figure, _, _ in LABELS}
    mine = raw | {figure: [one * ratio for one in raw[figure]] for figure, ratio in ours.items()}
    return {"xllamacpp": raw, "ours, llama.cpp": mine}


def test_repeats_are_compared_one_by_one() -> None:
    """What slows everybody in one of them is no one's fault."""
    reached = [good for good, _ in verdicts(figures(alone=0.95))]
    assert reached == [True] * 4
    missed = [words for good, words in verdicts(figures(alone=0.9)) if not good]
    assert missed == [
        "tokens/s, one caller: ours, llama.cpp 0.90 of xllamacpp (bar 0.93): NOT reached"
    ]


def test_seconds_are_compared_by_their_difference() -> None:
    words = [words for good, words in verdicts(figures(first_short=1.01)) if not good]
    assert len(words) == 1
    assert "+150 ms against xllamacpp (bar 15 ms)" in words[0]


def test_the_table_names_the_prompt_that_was_read() -> None:
    assert "first token, 1,420-token prompt | 15.00 s | 15.00 s | 2 |" in table(
        figures(), Effort(), 100.0
    )
    assert "first token, 150-token prompt" in table(figures(), SLOW, 100.0)
    assert "| 15% of 100 | 15% of 100 |" in table(figures(), Effort(), 100.0)


def test_a_runtimes_figures_replace_its_own_alone(tmp_path: Path) -> None:
    doc = tmp_path / "doc.md"
    doc.write_text("# Models\n")
    for runtime, text in (("llama.cpp", "one\n"), ("mlx", "two\n"), ("llama.cpp", "three\n")):
        write(runtime, text, doc)
    whole = doc.read_text()
    assert "one" not in whole
    assert whole.index("three") < whole.index("**Figures, MLX.**") < whole.index("two")
    assert whole.startswith("# Models\n")
