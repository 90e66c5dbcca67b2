"""`manage.py engine`: the local engine of this node, until it is asked to end."""

from __future__ import annotations

import os
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gateway.supervisor import engine
from gateway.supervisor.progress import Progress
from gateway.supervisor.startup_error import StartupError
from gateway.supervisor.weights import Weights
from governance.defaults import PROVIDERS


class Command(BaseCommand):
    help = (
        "Serves local models on POINTSMAN_ENGINE_SOCKET. `manage.py up` runs it by itself; beside "
        "Daphne or in a container run one on each node."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-mlx", action="store_true", help="use llama.cpp alone")
        parser.add_argument(
            "--no-model", action="store_true", help="do not fetch and load the embedded model"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            runtimes = engine.runtimes(without_mlx=options["no_mlx"])
            preload = ""
            if not options["no_model"]:
                progress = Progress()
                with Weights(settings.MODELS_DIR, runtimes) as weights:
                    weights.begin()
                    weights.wait_for_all(progress)
                progress.done()
                preload = str(PROVIDERS[runtimes[0]]["default_model"])
        except StartupError as trouble:
            raise CommandError(str(trouble)) from None
        command = engine.command(
            settings.ENGINE_SOCKET,
            settings.MODELS_DIR,
            preload=preload,
            batching=settings.ENABLE_BATCHING,
            limits=engine.limits_from(settings),
        )
        # In place of this process, which has loaded every page of the admin.
        os.execv(sys.executable, [sys.executable, "-m", "inference.local.engine", *command])  # noqa: S606  # our own program
