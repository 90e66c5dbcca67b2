"""`manage.py models list|add|remove|default`: the local models of this node."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from gateway.local_models import asked_as, make_default, store
from gateway.supervisor.progress import Progress
from governance.errors import Refused
from governance.models import Provider
from inference.local.client import EngineClient, EngineModel, EngineRefused, EngineUnavailable
from inference.local.store.catalog import ModelFiles
from inference.local.store.errors import CannotAdd
from inference.local.store.facts import FileFacts, UnusableModel, read_facts
from inference.local.store.room import readable_bytes
from inference.local.store.source import HELP, BadSource, read_source


class Command(BaseCommand):
    help = "Lists the local models, adds and removes them, and chooses the default one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
        actions.add_parser("list", help="the models there are, and what their files say of them")
        adding = actions.add_parser("add", help="put a model into the models folder")
        adding.add_argument("source", help=HELP)
        adding.add_argument("--name", default="", help="what requests call it")
        adding.add_argument(
            "--mmproj",
            type=Path,
            metavar="FILE",
            help="the projector of a GGUF file of this machine, with which it reads images",
        )
        removing = actions.add_parser("remove", help="delete a model's files")
        removing.add_argument("name")
        removing.add_argument(
            "--force", action="store_true", help="also while it answers requests: they break off"
        )
        default = actions.add_parser(
            "default", help="what local providers are asked for where no model is named"
        )
        default.add_argument("name")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            getattr(self, f"_{options['action']}")(options)
        except (CannotAdd, BadSource, EngineRefused, Refused) as error:
            raise CommandError(str(error)) from None
        except KeyboardInterrupt:
            raise CommandError(
                "Stopped. What was begun can be begun again.", returncode=130
            ) from None

    def _list(self, options: dict[str, Any]) -> None:
        models = store().catalog.all()
        if not models:
            self.stdout.write(
                f"There are no local models in {settings.MODELS_DIR}.\n"
                "`manage.py models add` puts one there."
            )
            return
        at_work = _at_work()
        defaults = set(Provider.objects.values_list("default_model", flat=True))
        rows = [_HEAD, *(_row(one, at_work.get(one.name), defaults) for one in models.values())]
        widths = [max(len(row[place]) for row in rows) for place in range(len(_HEAD))]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())

    def _add(self, options: dict[str, Any]) -> None:
        progress = Progress()
        source, projector = read_source(options["source"]), options["mmproj"]
        added = store().add(source, progress.step, options["name"], projector)
        progress.done()
        self.stdout.write(
            f"Added {added.name} ({readable_bytes(added.size_bytes)}). Requests ask for it as "
            f"{asked_as(added)}; `manage.py models default {added.name}` makes it the default."
        )

    def _remove(self, options: dict[str, Any]) -> None:
        name = options["name"]
        try:
            _engine().unload(name, force=options["force"])
        except EngineUnavailable:
            pass  # Then nothing is loaded.
        except EngineRefused as refused:
            if refused.status != _NOT_FOUND:
                raise CommandError(f"{refused.message} --force breaks them off.") from None
        store().remove(name)
        self.stdout.write(f"Removed {name}.")
        users = Provider.objects.filter(default_model=name).values_list("name", flat=True)
        if users:
            self.stdout.write(
                f"It is the default model of {', '.join(users)}: `manage.py models default` "
                "chooses another one."
            )

    def _default(self, options: dict[str, Any]) -> None:
        for sentence in make_default(options["name"], who="command line"):
            self.stdout.write(sentence)


_NOT_FOUND = 404
_HEAD = ("NAME", "RUNTIME", "SIZE", "WEIGHTS", "CONTEXT", "SERVES", "STATE", "")


def _engine() -> EngineClient:
    return EngineClient(settings.ENGINE_SOCKET)


def _at_work() -> dict[str, EngineModel]:
    """What the engine says of them, where it runs."""
    try:
        return {model.name: model for model in _engine().models().models}
    except (EngineUnavailable, EngineRefused):
        return {}


def _row(files: ModelFiles, model: EngineModel | None, defaults: set[str]) -> tuple[str, ...]:
    try:
        facts, trouble = read_facts(files.path), ""
    except UnusableModel:
        facts, trouble = FileFacts(serves=""), "unreadable"
    state = trouble or (model.state.replace("_", " ") if model else "")
    return (
        files.name,
        files.runtime,
        readable_bytes(files.size_bytes),
        facts.quantization or "?",
        str(facts.context_length or "?"),
        " ".join((facts.serves, *(one for one in facts.capabilities if one != "text"))),
        state,
        "default" if files.name in defaults else "",
    )
