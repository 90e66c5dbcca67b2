"""`manage.py create_api_key NAME --scopes a,b [--confine PROFILE_ID,...]`.

Prints the key alone on standard output.
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from governance import services
from governance.errors import Refused
from governance.models.api_key import SCOPES


class Command(BaseCommand):
    help = "Makes an API key and prints it, alone on one line. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what people call the key")
        parser.add_argument(
            "--scopes",
            default="inference",
            help=f"what it allows, separated by commas: {', '.join(SCOPES)}",
        )

        parser.add_argument(
            "--confine",
            default="",
            metavar="PROFILE_ID,...",
            help="ids of the only routing profiles it may use, separated by commas",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        document = {
            "name": options["name"],
            "scopes": _words(options["scopes"]),
            "confined_to": _words(options["confine"]),
        }
        try:
            _, secret = services.create_key(document, who="command line")
        except Refused as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(secret)


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]
