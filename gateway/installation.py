"""What tells a data directory that holds an installation from one that is new.

A marker is left in it once an installation is complete. From then on what is missing was lost: no
new key is made beside what an old one has sealed, and no empty database in the place of a full one.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import dj_database_url
from cryptography.fernet import Fernet

from gateway.environment import BadSetting, Environment, private_file

MARKER: Final = "installation"
_SQLITE: Final = "django.db.backends.sqlite3"


def marker(data_dir: Path) -> Path:
    return data_dir / MARKER


def mark(data_dir: Path) -> None:
    """The installation is complete: database and secrets belong together from now on."""
    with suppress(FileExistsError):
        descriptor = os.open(marker(data_dir), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(
                "This directory holds an installation of Pointsman. The service starts only with "
                "its secrets and its database. To begin an empty one, choose another directory.\n"
            )


SHORTEST_SECRET: Final = 32
"""Characters. Whoever guesses what sessions are signed with is any operator."""


def signing_key(secret: str, where: str) -> str:
    """What sessions are signed with. Raises `BadSetting` for what can be guessed."""
    if len(secret) < SHORTEST_SECRET:
        raise BadSetting(
            f"{where} holds {len(secret)} characters and needs at least {SHORTEST_SECRET}, since "
            "sessions are signed with it. Any new one will do: everybody signs in once more."
        )
    return secret


def encryption_keys(keys: list[str], where: str) -> list[str]:
    """The key ring. Raises `BadSetting` for what is no key."""
    for key in keys:
        try:
            Fernet(key)
        except ValueError:
            raise BadSetting(
                f"{where} must be Fernet keys, 32 bytes in URL-safe base64 each, separated by "
                "commas."
            ) from None
    return keys


def database(env: Environment, data_dir: Path) -> dict[str, Any]:
    """Django's settings for the database. Raises `BadSetting`."""
    file = data_dir / "pointsman.sqlite3"
    url = env.text("DATABASE_URL")
    try:
        found = dict(dj_database_url.parse(url or f"sqlite:///{file}"))
        name = str(found.get("NAME", ""))
        if found["ENGINE"] == _SQLITE and name.startswith("~"):
            found["NAME"] = str(Path(name).expanduser())
    except (ValueError, KeyError, RuntimeError):
        raise BadSetting(
            "POINTSMAN_DATABASE_URL is no URL of a database, as postgres://user:password@host/name."
        ) from None
    if not url:
        if marker(data_dir).exists() and not file.exists():
            raise BadSetting(
                f"{file} is missing, though {data_dir} holds an installation. Put it back from a "
                "backup, or choose another directory with POINTSMAN_DATA_DIR to begin an empty one."
            )
        private_file(file)
    return found
