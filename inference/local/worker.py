"""The worker process: one model behind HTTP on a Unix socket.

`python -m inference.local.worker --runtime NAME --model-dir PATH --name NAME --socket PATH`

Standard output carries one JSON object per line: `{"state": "loading", "progress", "step"}`, then
`{"state": "ready", ...}` once a real token was generated, or `{"state": "failed", "reason"}` and
exit code 1. Standard input is held open by the parent: when it ends, so does the worker.
"""

import argparse
import asyncio
import importlib
import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from inference.local.environment import OFFLINE
from inference.local.log_lines import begin_logging
from inference.local.runtime_names import LLAMA_CPP, MLX
from inference.parent import wait_for_its_end

STOP_SECONDS = 1.5
"""How long SIGTERM waits for the step under way before the process ends regardless."""


def main(argv: list[str] | None = None) -> None:
    """Load, serve, and end the process."""
    options = _options(argv)
    say = _take_over_stdout()
    os.environ.update(OFFLINE)
    begin_logging()
    # Ctrl-C in a terminal reaches the whole group; the parent decides when its workers end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(options.socket,), daemon=True).start()
    engine = EngineThread(options, say)
    engine.start()
    engine.loaded.wait()
    if engine.service is None:
        say(state="failed", reason=engine.reason)
        _end(options.socket, 1)
    asyncio.run(_serve(engine, options.socket, say))


class EngineThread(threading.Thread):
    """The one thread that touches the runtime: loads the model, then serves it."""

    def __init__(self, options: argparse.Namespace, say: Any) -> None:
        super().__init__(name="runtime", daemon=True)
        self._options = options
        self._say = say
        self.loaded = threading.Event()
        self.service: Any = None
        self.ready: dict[str, Any] = {}
        self.reason = ""

    def run(self) -> None:
        """Until the model is stopped."""
        try:
            self._load()
        except Exception as error:
            logging.getLogger(__name__).exception("the model cannot be served")
            self.reason = _one_sentence(error)
        finally:
            self.loaded.set()
        if self.service is None:
            return
        try:
            self.service.run()
        except Exception:
            # Nothing can be generated any more; whoever supervises this process starts another.
            logging.getLogger(__name__).exception("no generator can be built")
            _end(self._options.socket, 1)

    def _load(self) -> None:
        self._progress("starting", 0.0)
        # Imported here, on the thread that will use them: seconds, during which nobody waits.
        runtime = importlib.import_module(f"inference.local.runtimes.{self._options.runtime}")
        self.service, self.ready = runtime.assemble(self._options, self._progress)

    def _progress(self, step: str, fraction: float) -> None:
        self._say(state="loading", progress=round(fraction, 3), step=step)


class _Server(uvicorn.Server):
    """Tells when it accepts connections; leaves signals to this module."""

    def __init__(self, config: uvicorn.Config, on_started: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_started = on_started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections, then say so."""
        await super().startup(sockets)
        self._on_started()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def _serve(engine: EngineThread, path: Path, say: Any) -> None:
    """Serve until SIGTERM."""
    from inference.local.app import App

    config = uvicorn.Config(
        App(engine.service),
        http="httptools",
        ws="none",
        loop="asyncio",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=3600,
    )
    server = _Server(config, lambda: say(state="ready", **engine.ready))
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    listener = _listen(path)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await stopping.wait()
    listener.close()
    serving.cancel()
    engine.service.stop()
    await asyncio.to_thread(engine.join, STOP_SECONDS)
    _end(path, 0)


def _listen(path: Path) -> socket.socket:
    """A socket only this user may use."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(before)
    listener.listen(128)
    return listener


def _end_with_parent(path: Path) -> None:
    """Standard input ends when the parent does, however it ends."""
    wait_for_its_end()
    _end(path, 0)


def _end(path: Path, code: int) -> Any:
    """End now: no thread of a model deep in a computation is waited for."""
    path.unlink(missing_ok=True)
    sys.stderr.flush()
    os._exit(code)


def _take_over_stdout() -> Any:
    """Keep standard output for the protocol: whatever else prints goes to standard error."""
    protocol = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lock = threading.Lock()

    def say(**line: object) -> None:
        try:
            with lock:
                protocol.write(json.dumps(line) + "\n")
                protocol.flush()
        except BrokenPipeError:
            # The parent went; standard input tells, and ends this process.
            return

    return say


def _one_sentence(error: Exception) -> str:
    text = (str(error).strip().splitlines() or [""])[0][:300]
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _at_least(low: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if int(text) < low:
            raise argparse.ArgumentTypeError(f"must be at least {low}")
        return int(text)

    return number


def _options(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m inference.local.worker", description=__doc__)
    parser.add_argument("--runtime", choices=(MLX, LLAMA_CPP), default=MLX)
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--socket", type=Path, required=True)
    parser.add_argument("--measured", type=Path, help="a folder: what was measured at loads")
    parser.add_argument("--batching", action="store_true")
    parser.add_argument("--queue-limit", type=_at_least(0), default=64)
    parser.add_argument("--max-batch", type=_at_least(1), default=8)
    parser.add_argument("--max-context", type=_at_least(2))
    return parser.parse_args(argv)


if __name__ == "__main__":
    main()
