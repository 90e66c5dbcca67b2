"""Which languages the pages speak: English, and those of which a catalogue is laid down."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from django.utils.translation import to_language

CATALOGUE = "LC_MESSAGES/django.mo"


def languages(default: str, folders: Iterable[Path]) -> list[tuple[str, str]]:
    """Codes with their names, the default first; Django's own catalogues alone make no language."""
    found = {
        to_language(path.parent.parent.name)
        for folder in folders
        for path in folder.glob(f"*/{CATALOGUE}")
    }
    return [(code, code) for code in (default, *sorted(found - {default}))]
