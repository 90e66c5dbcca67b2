"""`manage.py collect`: the collector of this node, until it is asked to end."""

from __future__ import annotations

import os
import sys
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = (
        "Takes in the log of finished requests: rows, usage, day files, metrics. `manage.py up` "
        "runs it by itself; beside Daphne or in containers run one on each node."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        # In place of this process, which has loaded every page of the admin.
        os.execv(sys.executable, [sys.executable, "-m", "gateway.collector"])  # noqa: S606
