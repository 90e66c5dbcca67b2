"""The running engine: socket, server, signals, and the order in which all of it ends."""

import asyncio
import contextlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import uvicorn

from inference.local.engine.app import EngineApp
from inference.local.engine.errors import EngineError
from inference.local.engine.fleet import Fleet, logger
from inference.local.engine.housekeeping import keep_house
from inference.local.engine.launcher import Launcher
from inference.local.engine.listen import Listener
from inference.local.engine.settings import EngineSettings
from inference.local.engine.supervisor import WorkerSupervisor
from inference.parent import wait_for_its_end

_KEEP_ALIVE_S = 600
_LAST_WORDS_S = 1


class _Server(uvicorn.Server):
    """Signals belong to the engine, which has workers to end first."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    settings: EngineSettings,
    socket_path: Path,
    *,
    worker_command: Sequence[str],
    environment: Mapping[str, str],
    preload: Sequence[str] = (),
    exit_with_parent: bool = False,
) -> None:
    """Serve until SIGTERM, SIGINT or, if asked for, the end of standard input.

    Prints one JSON line once connections are accepted. Raises CannotListen.
    """
    listener = Listener(socket_path)
    try:
        launcher = Launcher(worker_command, environment, listener.worker_dir, settings)
        fleet = Fleet(settings, launcher.prepare)
        supervisor = WorkerSupervisor(fleet)
        stop = _stop_signal(exit_with_parent)
        server = _Server(
            uvicorn.Config(
                EngineApp(supervisor),
                http="httptools",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=_KEEP_ALIVE_S,
                timeout_graceful_shutdown=_LAST_WORDS_S,
            )
        )
        serving = asyncio.create_task(server.serve(sockets=[listener.socket]))
        house = asyncio.create_task(keep_house(fleet))
        _announce(socket_path)
        for name in preload:
            _preload(supervisor, name)
        await asyncio.wait({serving, stop, house}, return_when=asyncio.FIRST_COMPLETED)
        house.cancel()
        # The workers' end gives the open streams their error event; then the server may close.
        await supervisor.additions.close()
        await fleet.close()
        server.should_exit = True
        await serving
    finally:
        listener.close()


def _announce(socket_path: Path) -> None:
    line = json.dumps({"state": "listening", "socket": str(socket_path)})
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _preload(supervisor: WorkerSupervisor, name: str) -> None:
    try:
        supervisor.load(name)
    except EngineError as error:
        logger.warning("cannot preload: %s", error.message)


def _stop_signal(exit_with_parent: bool) -> asyncio.Future[None]:
    loop = asyncio.get_running_loop()
    stop: asyncio.Future[None] = loop.create_future()

    def finish() -> None:
        if not stop.done():
            stop.set_result(None)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, finish)
    if exit_with_parent:
        # A thread, because standard input may be a file, which no event loop can wait for.
        args = (loop, finish)
        threading.Thread(target=_wait_for_parent, args=args, daemon=True).start()
    return stop


def _wait_for_parent(loop: asyncio.AbstractEventLoop, finish: Callable[[], None]) -> None:
    wait_for_its_end()
    with contextlib.suppress(RuntimeError):  # the loop has ended already
        loop.call_soon_threadsafe(finish)
