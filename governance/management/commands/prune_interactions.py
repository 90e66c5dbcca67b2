"""`manage.py prune_interactions`: deletes interactions that are too old."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from governance import audit
from governance.interactions import retention


class Command(BaseCommand):
    help = "Deletes interactions older than POINTSMAN_INTERACTION_DAYS, from database and log."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--days",
            type=int,
            default=settings.INTERACTION_DAYS,
            help=f"how many days are kept (now {settings.INTERACTION_DAYS})",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be deleted")

    def handle(self, *args: Any, days: int, dry_run: bool, **options: Any) -> None:
        if not 0 <= days <= 36500:
            raise CommandError("--days must be from 0 to 36500.")
        before = retention.cutoff(days, timezone.now())
        files = retention.old_files(settings.INTERACTION_LOG_DIR, before)
        if dry_run:
            rows, did = retention.count_rows(before), "Would delete"
        else:
            rows, did = retention.delete_rows(before), "Deleted"
            for path in files:
                path.unlink(missing_ok=True)
        told = (
            f"{did} {_some(rows, 'row')} and {_some(len(files), 'file')} "
            f"from before {before:%Y-%m-%d %H:%M} UTC."
        )
        if not dry_run and (rows or files):
            audit.record([audit.Act("delete", "interactions", "", changes=[told])])
        self.stdout.write(told)


def _some(count: int, what: str) -> str:
    return f"{count:,} {what}" if count == 1 else f"{count:,} {what}s"
