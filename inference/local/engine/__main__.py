"""`python -m inference.local.engine`: the command line of the engine."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from inference.local.engine.listen import CannotListen
from inference.local.engine.server import serve
from inference.local.engine.settings import EngineSettings, default_memory_budget
from inference.local.environment import worker_environment
from inference.local.log_lines import begin_logging

WORKER_COMMAND = (sys.executable, "-m", "inference.local.worker")


def main(argv: Sequence[str] | None = None, worker_command: Sequence[str] = WORKER_COMMAND) -> int:
    """Run the engine; returns the exit code, 1 when it cannot listen on its socket."""
    options = _parser().parse_args(argv)
    begin_logging()
    settings = EngineSettings(
        models_dir=options.models_dir.absolute(),
        memory_budget_bytes=options.memory_budget or default_memory_budget(),
        idle_timeout_s=options.idle_timeout,
        max_loaded=options.max_loaded,
        disk_budget_bytes=options.disk_budget,
        worker_options=_worker_options(options),
    )
    try:
        asyncio.run(
            serve(
                settings,
                options.socket.absolute(),
                worker_command=worker_command,
                environment=worker_environment(os.environ),
                preload=options.preload,
                exit_with_parent=options.exit_with_parent,
            )
        )
    except CannotListen as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="inference.local.engine", description="Serves local MLX models on a Unix socket."
    )
    add = parser.add_argument
    add("--socket", type=Path, required=True, help="where to listen")
    add("--models-dir", type=Path, required=True, help="a folder of MLX model folders")
    add("--memory-budget", type=int, default=0, metavar="BYTES", help="default: 60%% of memory")
    add("--idle-timeout", type=float, default=0, metavar="SECONDS", help="0: keep idle models")
    add("--max-loaded", type=int, default=0, metavar="N", help="0: as many as memory allows")
    add("--disk-budget", type=int, default=0, metavar="BYTES", help="of all models; 0: the disk")
    add("--preload", action="append", default=[], metavar="NAME", help="load at once")
    add("--exit-with-parent", action="store_true", help="end when standard input is closed")
    add("--batching", action="store_true", help="answer several requests of a model at a time")
    add("--queue-limit", type=int, metavar="N", help="requests that may wait in a worker")
    add("--max-batch", type=int, metavar="N", help="requests a worker answers at a time")
    add("--max-context", type=int, metavar="N", help="tokens a request may take up")
    return parser


def _worker_options(options: argparse.Namespace) -> tuple[str, ...]:
    """Those options of ours that every worker is given as they are."""
    given = ["--batching"] if options.batching else []
    for name in ("queue_limit", "max_batch", "max_context"):
        value = getattr(options, name)
        if value is not None:
            given += [f"--{name.replace('_', '-')}", str(value)]
    return tuple(given)


if __name__ == "__main__":
    sys.exit(main())
