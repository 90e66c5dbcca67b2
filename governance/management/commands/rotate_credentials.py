"""`manage.py rotate_credentials`: seals every credential with the first key of the ring."""

from __future__ import annotations

from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.db.models import Model

from governance import audit, secrets
from governance.models import AlertRule, Provider

SEALED: Final[Sequence[tuple[type[Model], str, Sequence[str]]]] = (
    (Provider, "provider", ("sealed_api_key", "sealed_headers")),
    (AlertRule, "alert", ("sealed_webhook_url", "sealed_webhook_secret")),
)
"""Models with their word and the columns that hold something sealed."""


class Command(BaseCommand):
    help = (
        "Seals every credential with the first of POINTSMAN_ENCRYPTION_KEYS. Put a new key first, "
        "restart, run this, and then drop the old key."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--drop-unreadable",
            action="store_true",
            help="empty the credentials that no key opens; they are to be entered anew",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        rotated, lost = Counter[str](), []
        with transaction.atomic():
            for model, kind, sealed in SEALED:
                rows: Any = model._default_manager
                for row in rows.select_for_update().order_by("name"):
                    done = _rotate(row, kind, sealed, drop=options["drop_unreadable"])
                    rotated[kind] += done is True
                    if done is None:
                        lost.append(row.name)
        told = " and ".join(
            f"{rotated[kind]} {kind}{'' if rotated[kind] == 1 else 's'}"
            for _, kind, _ in SEALED
            if rotated[kind] or kind == "provider"
        )
        self.stdout.write(f"Credentials of {told} are sealed with the first key.")
        if lost and options["drop_unreadable"]:
            self.stdout.write(f"Emptied, to be entered anew: {', '.join(lost)}.")
        elif lost:
            raise CommandError(
                f"No key of the ring opens the credentials of {', '.join(lost)}: add the key they "
                "were sealed with, or set them anew."
            )


def _rotate(row: Any, kind: str, sealed: Sequence[str], *, drop: bool) -> bool | None:
    """Whether there was something to seal; None where no key opens it."""
    rows = type(row)._default_manager.filter(pk=row.pk)
    try:
        anew = {name: secrets.rotate(getattr(row, name)) for name in sealed}
    except secrets.Unreadable:
        if drop:
            rows.update(**dict.fromkeys(sealed, ""))
        return None
    if not any(anew.values()):
        return False
    # As the API names it: a provider by its name.
    identity = row.name if kind == "provider" else str(row.pk)
    words = ["credentials sealed anew"]
    audit.record([audit.Act("change", kind, identity, row.name, str(row.pk), words)])
    rows.update(**anew)
    return True
