"""How many prompt tokens are read at a time: what takes a fifth of a second."""

from tests.inference.local import mlx_probe


def test_it_works() -> None:
    """By a clock of its own: slow models read few tokens at a time, quick ones up to the most."""
    steps = mlx_probe.ask("prefill_steps")
    assert steps == {"slow": 4, "middling": 20, "quick": 256, "small most": 3}
