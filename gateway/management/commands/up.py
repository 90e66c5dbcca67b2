"""`manage.py up`: migrate, make the embedded defaults once, serve."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Callable
from functools import partial
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db.utils import OperationalError

from gateway.supervisor import collector, engine
from gateway.supervisor.banner import Welcome
from gateway.supervisor.child import Child
from gateway.supervisor.cores import usable
from gateway.supervisor.listener import Listeners
from gateway.supervisor.progress import Progress
from gateway.supervisor.startup_error import StartupError
from gateway.supervisor.supervisor import Supervisor
from governance import snapshot
from governance.defaults import EMBEDDED_MODEL, load_embedded_defaults
from governance.routing.fallback import installation_sentence


class Command(BaseCommand):
    help = "Migrates the database, makes the embedded defaults once, and serves."
    requires_system_checks = "__all__"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
        parser.add_argument("--port", type=int, default=8000, help="port to listen on")
        parser.add_argument("--no-model", action="store_true", help="start without the local model")
        parser.add_argument("--workers", type=int, default=1, help="number of web processes")
        parser.add_argument(
            "--pin", action="store_true", help="keep each web process on a core of its own (Linux)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._up(options)
        except StartupError as trouble:
            raise CommandError(str(trouble)) from None
        except OperationalError as error:
            words = str(error).strip().splitlines()[0]
            raise CommandError(
                f"The database cannot be used: {words}. It is the one that "
                "POINTSMAN_DATABASE_URL names, or a file in the data directory."
            ) from None
        except KeyboardInterrupt:
            raise CommandError("Stopped before it was ready.", returncode=130) from None

    def _up(self, options: dict[str, Any]) -> None:
        workers, host, with_model = options["workers"], options["host"], not options["no_model"]
        if workers < 1:
            raise StartupError("--workers must be at least 1.")
        cores = usable() if options["pin"] else ()
        listeners = Listeners(host, options["port"], workers)
        progress = Progress()
        progress.step("Preparing the database")
        call_command("migrate", verbosity=0, interactive=False)
        if with_model:
            engine.ensure_weights(settings.MODELS_DIR, progress)
        defaults = load_embedded_defaults(with_model=with_model)
        welcome = Welcome(
            url=f"http://{_shown(host)}:{listeners.port}",
            username=defaults.username,
            password=defaults.password,
            api_key=defaults.api_key,
            model="light/light" if with_model else "",
            fallback=installation_sentence(snapshot.refresh()),
        )
        socket = engine.socket_path(settings.ENGINE_SOCKET)
        exposed = "false" if _is_loopback(host) else "true"
        supervisor = Supervisor(
            listeners, {"POINTSMAN_ENGINE_SOCKET": socket, "POINTSMAN_EXPOSED": exposed}
        )
        try:
            progress.step("Starting")
            if with_model:
                supervisor.start_helper(_engine(socket), grace=engine.GRACE)
            supervisor.start_web(workers, cores)
            supervisor.start_helper(collector.start, grace=collector.GRACE)
            supervisor.wait_ready(f"http://{_reachable(host)}:{listeners.port}")
            progress.done()
            self.stdout.write(welcome.text())
            self.stdout.flush()
            supervisor.run()
        except StartupError:
            # They were made, and there is no other time to show them.
            self.stdout.write(welcome.secrets())
            raise
        finally:
            self.stderr.write("Stopping ...")
            supervisor.end()


def _engine(socket: str) -> Callable[[], Child]:
    """What starts the local engine, as the settings have it."""
    return partial(
        engine.start,
        socket,
        settings.MODELS_DIR,
        preload=EMBEDDED_MODEL,
        batching=settings.ENABLE_BATCHING,
        limits=engine.Limits(
            memory_mib=settings.ENGINE_MEMORY_MIB,
            idle_minutes=settings.ENGINE_IDLE_MINUTES,
            queue=settings.ENGINE_QUEUE_LIMIT,
            batch=settings.ENGINE_BATCH_SIZE,
        ),
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
