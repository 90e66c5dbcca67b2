"""How many prompt tokens are read at a time: beside answers what takes a fifth of a second."""

from tests.inference.local import mlx_probe


def test_it_works() -> None:
    """By a clock of its own: slow models read few tokens at a time, quick ones up to the most."""
    steps = mlx_probe.ask("prefill_steps")
    assert steps["slow"] == [4, 7]
    assert steps["middling"] == [20, 60]
    assert steps["quick"] == [256, 256]
    assert steps["small most"] == [3, 3]
    beside, alone = steps["slow to begin"]
    assert 100 < beside < 150, "all weights are read for a few tokens as for one"
    assert alone == 256
    assert 16 <= steps["slower to begin"][0] < 64, "what costs little more than one, in any case"
    assert steps["in time"] == [32, 32, 64, 8, 64], "half of it where that took twice the time"
