"""The mock upstream and the load generator: compiled where there is a C compiler, else Python."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

from benchmarks import machine, routes

_HERE: Final = Path(__file__).resolve().parent
_BUILD: Final = _HERE / ".build"
_SOURCES: Final = {"mock": ["mock.c"], "load": ["load.c", "answer.c", "answer.h"]}
_CREATED: Final = re.compile(rb'"created":(\d+)')
_LONGEST_TAIL: Final = 64
"""As `ANSWER_TAIL` in `native/answer.h`."""


def compiled(name: str) -> list[str] | None:
    """The command of a compiled program, built when its source is newer; None without compiler."""
    compiler = shutil.which(os.environ.get("CC", "gcc")) or shutil.which("cc")
    if compiler is None:
        return None
    sources = [_HERE / "native" / file for file in _SOURCES[name]]
    program = _BUILD / name
    newest = max(source.stat().st_mtime for source in sources)
    if not program.exists() or program.stat().st_mtime < newest:
        _BUILD.mkdir(exist_ok=True)
        draft = program.with_suffix(f".{os.getpid()}")
        c_files = [str(source) for source in sources if source.suffix == ".c"]
        built = subprocess.run(
            [compiler, "-O2", "-std=gnu11", "-o", str(draft), *c_files],
            capture_output=True,
            text=True,
            check=False,
        )
        if built.returncode:
            print(f"{name}.c does not compile here; its Python stand-in is used.", file=sys.stderr)
            return None
        draft.replace(program)
    return [str(program)]


def command(name: str, *, python: bool = False) -> list[str]:
    """How to run `mock` or `load`."""
    program = None if python else compiled(name)
    return program or [sys.executable, "-m", f"benchmarks.portable.{name}"]


class Mock:
    """The mock upstream, running. `with Mock(folder, core) as mock: mock.port`."""

    def __init__(
        self, folder: Path, core: int | None = None, *, port: int = 0, python: bool = False
    ) -> None:
        script = folder / "routes"
        routes.write(script)
        self.native = not python and compiled("mock") is not None
        self.process = subprocess.Popen(
            [*command("mock", python=python), str(script), str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_HERE.parent,
            preexec_fn=lambda: machine.pin(core),
        )
        assert self.process.stdout is not None
        self.port = int(self.process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(10)

    def stats(self) -> dict[str, int]:
        """`served`, `refused` and `open_streams`."""
        from urllib.request import urlopen

        with urlopen(f"http://127.0.0.1:{self.port}/stats", timeout=10) as answer:
            found: dict[str, int] = json.load(answer)
        return found


@dataclass(frozen=True)
class Expected:
    """What every answer of a round must be."""

    length: int
    """Bytes of the body; 0 when answers differ in that."""
    events: int
    tail: bytes
    body: bytes | None
    """The whole body, where answers have one length; a NUL stands for any byte."""

    @staticmethod
    def of(first: bytes, second: bytes) -> Expected:
        """From two answers known to be right: what they share is what all must share."""
        if len(first) == len(second):
            return Expected(len(first), 0, b"", _without_differences(first, second))
        common = 0
        while common < _LONGEST_TAIL and first[-1 - common :] == second[-1 - common :]:
            common += 1
        return Expected(0, first.count(b"\n\n"), first[len(first) - common :], None)

    def write(self, path: Path) -> None:
        body = self.body or b""
        head = f"{self.length} {self.events} {len(self.tail)} {len(body)}\n".encode()
        path.write_bytes(head + self.tail + body)


def _without_differences(first: bytes, second: bytes) -> bytes:
    """NULs where two answers differ, and where they tell the time: they may be of one second."""
    body = bytearray(a if a == b else 0 for a, b in zip(first, second, strict=True))
    for found in _CREATED.finditer(first):
        body[found.start(1) : found.end(1)] = bytes(found.end(1) - found.start(1))
    return bytes(body)


@dataclass(frozen=True)
class Shot:
    """One load on one address."""

    address: str
    port: int
    requests: Sequence[bytes]
    expected: Expected
    callers: int
    each: int = 0
    """Requests each caller sends; 0: as many as fit into the time."""
    spread: float = 0.0
    """Seconds in which the callers begin one after the other."""


class Load:
    """A load under way; `result()` waits for its end, `stop()` asks for it."""

    def __init__(
        self,
        shot: Shot,
        folder: Path,
        *,
        seconds: float,
        warm_up: float = 0.0,
        core: int | None = None,
        python: bool = False,
    ) -> None:
        requests, expected = folder / "requests", folder / "expected"
        requests.write_bytes(b"".join(b"%d\n%b" % (len(one), one) for one in shot.requests))
        shot.expected.write(expected)
        self._process = subprocess.Popen(
            [
                *command("load", python=python),
                shot.address,
                str(shot.port),
                str(shot.callers),
                str(seconds),
                str(shot.each),
                str(shot.spread),
                str(warm_up),
                str(requests),
                str(expected),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=_HERE.parent,
            preexec_fn=lambda: machine.pin(core),
        )

    def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()

    def result(self) -> dict[str, Any]:
        """What the load generator reports; times in microseconds."""
        assert self._process.stdout is not None
        text = self._process.stdout.read()
        status = self._process.wait()
        if status:
            raise RuntimeError(f"the load generator ended with status {status}")
        found: dict[str, Any] = json.loads(text)
        return found
