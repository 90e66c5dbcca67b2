from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from governance.json_values import point_in_time
from governance.services.costs import recompute_costs


class Command(BaseCommand):
    help = "Works out again what requests cost, after a price was corrected."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--from", dest="begin", required=True, help="a date or a time")
        parser.add_argument("--to", dest="end", default="", help="the same; now if left out")
        parser.add_argument("--provider", default="", help="only what this provider was asked")
        parser.add_argument("--model", default="", help="only this model")
        parser.add_argument("--dry-run", action="store_true", help="write nothing")

    def handle(self, **options: Any) -> None:
        begin, end = _moment(options["begin"]), datetime.now(UTC)
        if options["end"]:
            end = _moment(options["end"])
        done = recompute_costs(
            begin,
            end,
            who="recompute_costs",
            provider=options["provider"],
            model=options["model"],
            dry_run=options["dry_run"],
        )
        self.stdout.write(done.words)


def _moment(text: str) -> datetime:
    found = point_in_time(text if "T" in text else f"{text}T00:00:00Z")
    if found is None:
        raise CommandError(f"{text} is no date, as 2030-01-31, and no time with its zone.")
    return found
