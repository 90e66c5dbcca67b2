"""`manage.py up`: migrate, make the embedded defaults once, serve."""

from __future__ import annotations

import os
from argparse import ArgumentParser
from collections.abc import Callable, Sequence
from functools import partial
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.db.utils import DatabaseError

from gateway import installation
from gateway.checks import INSTALLATION
from gateway.local_models import provider_of
from gateway.server.memory import with_huge_pages
from gateway.supervisor import collector, engine
from gateway.supervisor.banner import Welcome
from gateway.supervisor.child import Child
from gateway.supervisor.cores import usable
from gateway.supervisor.listener import Listeners
from gateway.supervisor.migration_lock import migration_lock
from gateway.supervisor.preflight import (
    DatabaseAway,
    check_database,
    check_file,
    wait_for_database,
)
from gateway.supervisor.progress import Progress
from gateway.supervisor.startup_error import StartupError
from gateway.supervisor.supervisor import Supervisor
from gateway.supervisor.weights import Weights
from governance import last_good, snapshot
from governance.defaults import PROVIDERS, USERNAME, Defaults, load_embedded_defaults
from governance.routing.fallback import installation_sentence

REFUSED = 2
"""The status of a start that was refused."""
LAST_GOOD_WAIT = 5.0
"""Seconds for which a database is waited for where requests can be answered without it."""


class Command(BaseCommand):
    help = "Migrates the database, makes the embedded defaults once, and serves."
    requires_system_checks = (INSTALLATION,)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument("--no-model", action="store_true", help="start without the local model")
        parser.add_argument(
            "--no-mlx", action="store_true", help="serve local models with llama.cpp alone"
        )
        parser.add_argument("--workers", type=int, default=1, help="number of web processes")
        parser.add_argument(
            "--pin", action="store_true", help="keep each web process on a core of its own (Linux)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._up(options)
        except StartupError as trouble:
            raise CommandError(str(trouble), returncode=REFUSED) from None
        except DatabaseError as error:
            words = (str(error).strip().splitlines() or ["no reason given"])[0]
            raise CommandError(
                f"The database cannot be used: {words}. It is the one that "
                "POINTSMAN_DATABASE_URL names, or a file in the data directory.",
                returncode=REFUSED,
            ) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped before it was ready.", returncode=130) from None

    def _up(self, options: dict[str, Any]) -> None:
        workers, host = options["workers"], options["host"]
        runtimes = [] if options["no_model"] else engine.runtimes(without_mlx=options["no_mlx"])
        if workers < 1:
            raise StartupError("--workers must be at least 1.")
        cores = usable() if options["pin"] else ()
        listeners = Listeners(host, options["port"], workers)
        progress = Progress()
        with Weights(settings.MODELS_DIR, runtimes) as weights:
            defaults = self._prepare(progress, weights, runtimes)
            welcome = Welcome(
                url=f"http://{_shown(host)}:{listeners.port}",
                username=defaults.username,
                password=defaults.password,
                api_key=defaults.api_key,
                model="light/light" if runtimes else "",
                fallback=installation_sentence(snapshot.current()),
                hint=engine.hint(runtimes),
            )
            told = _told(host, listeners.port)
            supervisor = Supervisor(listeners, told, drain=settings.DRAIN_SECONDS)
            try:
                progress.step("Starting")
                # They take the longest to be ready, and wait for nobody.
                supervisor.start_web(workers, cores)
                if runtimes:
                    supervisor.start_helper(_engine(runtimes[0]), grace=engine.GRACE)
                supervisor.start_helper(collector.start, grace=collector.GRACE)
                supervisor.wait_ready(f"http://{told['POINTSMAN_LISTENS_ON']}")
                progress.done()
                self.stdout.write(welcome.text())
                self.stdout.flush()
                weights.go_on(self.stderr.write)
                supervisor.run()
            except StartupError:
                # They were made, and there is no other time to show them.
                self.stdout.write(welcome.secrets())
                raise
            finally:
                self.stderr.write("Stopping ...")
                supervisor.end()

    def _prepare(self, progress: Progress, weights: Weights, runtimes: Sequence[str]) -> Defaults:
        """Makes database and defaults ready. Raises `StartupError`."""
        kept = last_good.exists()
        check_file()
        try:
            wait_for_database(LAST_GOOD_WAIT if kept else settings.DATABASE_WAIT_SECONDS)
        except DatabaseAway as away:
            if not kept:
                raise
            self.stderr.write(
                f"{away} Serving what was in force when it last answered; it is looked for again "
                "and again."
            )
            snapshot.restore(str(away))
            return Defaults(USERNAME)
        with migration_lock():
            # Half of what another node migrates would look like the database of another program.
            check_database()
            weights.begin()
            progress.step("Preparing the database")
            call_command("migrate", verbosity=0, interactive=False)
            if runtimes:
                weights.wait(progress, runtimes[0])
            defaults = load_embedded_defaults(runtimes=runtimes)
        installation.mark(settings.DATA_DIR)
        snapshot.refresh()
        connection.close()
        return defaults


def _default_model(runtime: str) -> str:
    """What requests are likely to ask for first; the embedded model where nobody chose another."""
    try:
        chosen = provider_of(runtime)
    except DatabaseError:
        chosen = None
    return chosen.default_model if chosen else str(PROVIDERS[runtime]["default_model"])


def _told(host: str, port: int) -> dict[str, str]:
    """What the web processes are told by their environment."""
    return {
        "POINTSMAN_EXPOSED": "false" if _is_loopback(host) else "true",
        "POINTSMAN_LISTENS_ON": f"{_reachable(host)}:{port}",
        **with_huge_pages(os.environ),
    }


def _engine(runtime: str) -> Callable[[], Child]:
    """What starts the local engine, as the settings have it."""
    return partial(
        engine.start,
        settings.ENGINE_SOCKET,
        settings.MODELS_DIR,
        preload=_default_model(runtime),
        batching=settings.ENABLE_BATCHING,
        limits=engine.limits_from(settings),
    )


def _is_loopback(host: str) -> bool:
    """Whether nobody else can reach the address. A proxy in front is for POINTSMAN_EXPOSED to
    tell, or for the hosts the service answers to."""
    try:
        alone = ip_address(host).is_loopback
    except ValueError:
        alone = host == "localhost"
    return alone and not settings.EXPOSED


def _reachable(host: str) -> str:
    """The address by which this machine reaches a wildcard listener."""
    if host in ("0.0.0.0", ""):  # noqa: S104  # compared with, not bound
        return "127.0.0.1"
    return "[::1]" if host == "::" else f"[{host}]" if ":" in host else host


def _shown(host: str) -> str:
    reachable = _reachable(host)
    return "localhost" if reachable in ("127.0.0.1", "[::1]") else reachable
