"""How many prompt tokens llama.cpp reads in a step."""

from pathlib import Path
from typing import Any

from inference.local.gguf_header import read_header
from inference.local.llama_params import cores
from inference.local.llama_sizes import first_step
from inference.local.llama_steps import chosen_step, loaded
from inference.local.measured import Measured
from tests.inference.local import gguf_file


def test_a_step_takes_a_fifth_of_a_second() -> None:
    assert chosen_step(0.01) == 20
    assert chosen_step(0.002) == 100
    assert (chosen_step(10.0), chosen_step(0.0)) == (16, 512)


def test_a_step_that_is_nearly_64_tokens_has_as_many() -> None:
    """From there on llama.cpp is a quarter faster."""
    assert [chosen_step(0.2 / tokens) for tokens in (39, 45, 63, 65)] == [39, 64, 64, 65]


class Quick:
    """A model that reads a prompt in no time."""

    def handle_completions(self, prompt: dict[str, Any]) -> None:
        assert len(prompt["prompt"]) > 16


def test_a_wrong_guess_is_mended_once_and_remembered(tmp_path: Path) -> None:
    path = tmp_path / "tiny.gguf"
    gguf_file.write(path, quantized=False)
    header = read_header(path)
    assert first_step(header, cores()) == 512
    heavy = read_header(path)
    object.__setattr__(heavy, "tensors", heavy.tensors * 2000)
    steps: list[int] = []

    def load(step: int) -> Quick:
        steps.append(step)
        return Quick()

    loaded(heavy, Measured(tmp_path, "tiny", "mark"), load)
    guess, measured = steps
    assert guess < measured == 512
    loaded(heavy, Measured(tmp_path, "tiny", "mark"), load)
    assert steps == [guess, 512, 512]
    loaded(header, Measured(None, "tiny", "mark"), load)
    assert steps == [guess, 512, 512, 512], "a guess that is right is left as it is"
