"""`manage.py rotate_credentials`: seals every credential with the first key of the ring."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from governance import audit, secrets
from governance.models import Provider

SEALED = ("sealed_api_key", "sealed_headers")


class Command(BaseCommand):
    help = (
        "Seals every credential with the first of POINTSMAN_ENCRYPTION_KEYS. Put a new key first, "
        "restart, run this, and then drop the old key."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        rotated, lost = 0, []
        with transaction.atomic():
            for row in Provider.objects.select_for_update().order_by("name"):
                try:
                    sealed = {name: secrets.rotate(getattr(row, name)) for name in SEALED}
                except secrets.Unreadable:
                    lost.append(row.name)
                    continue
                if any(sealed.values()):
                    words = ["credentials sealed anew"]
                    audit.record(
                        [audit.Act("change", "provider", row.name, row.name, str(row.pk), words)]
                    )
                    Provider.objects.filter(pk=row.pk).update(**sealed)
                    rotated += 1
        noun = "provider" if rotated == 1 else "providers"
        self.stdout.write(f"Credentials of {rotated} {noun} are sealed with the first key.")
        if lost:
            raise CommandError(
                f"No key of the ring opens the credentials of {', '.join(lost)}: add the key they "
                "were sealed with, or set them anew."
            )
