"""Settings as the environment gives them: `POINTSMAN_*` variables and `*_FILE` twins."""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})
PREFIX: Final = "POINTSMAN_"
SERVERS: Final = ("fast", "stock")
"""Values of POINTSMAN_SERVER: Uvicorn with our HTTP protocol, or with its own."""
_OTHERS: Final = (f"{PREFIX}TEST_", f"{PREFIX}API_KEY")
"""Of its tests, and of its callers: the docs have them keep a key there."""

made_here: Final[list[Path]] = []
"""Secrets that this process made, the first time it ran or because there were none."""

NODE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class BadSetting(Exception):
    """A variable of the environment has a value that cannot be used; says which and why."""


class Environment:
    """Reads `POINTSMAN_<name>`; a `POINTSMAN_<name>_FILE` names a file that holds the value."""

    def __init__(self, variables: Mapping[str, str] = os.environ) -> None:
        self._variables = variables
        self._read: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        self._read.add(name)
        value = self._variables.get(f"{PREFIX}{name}")
        if value is not None:
            return value.strip()
        path = self._variables.get(f"POINTSMAN_{name}_FILE")
        if path is None:
            return default
        try:
            return Path(path).expanduser().read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError, RuntimeError) as error:
            why = getattr(error, "strerror", None) or "it holds no text"
            raise BadSetting(
                f"POINTSMAN_{name}_FILE names a file that cannot be read: {why}."
            ) from error

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.text(name, "true" if default else "false").lower()
        if value in TRUE:
            return True
        if value in FALSE:
            return False
        raise BadSetting(f"POINTSMAN_{name} must be true or false, not {value!r}.")

    def number(self, name: str, default: int, *, minimum: int = 0) -> int:
        value = self.text(name, str(default))
        try:
            number = int(value)
        except ValueError:
            raise BadSetting(f"POINTSMAN_{name} must be a whole number, not {value!r}.") from None
        if number < minimum:
            raise BadSetting(f"POINTSMAN_{name} must be at least {minimum}, not {number}.")
        return number

    def choice(self, name: str, choices: Sequence[str]) -> str:
        """One of `choices`; the first where nothing is said."""
        value = self.text(name).lower() or choices[0]
        if value not in choices:
            named = f"{', '.join(choices[:-1])} or {choices[-1]}"
            raise BadSetting(f"POINTSMAN_{name} must be {named}, not {value!r}.")
        return value

    def path(self, name: str, default: Path) -> Path:
        """An absolute path; `~` stands for the home directory."""
        value = self.text(name)
        try:
            return (Path(value).expanduser() if value else default).absolute()
        except RuntimeError:
            raise BadSetting(f"POINTSMAN_{name} names a home that is not known: {value}.") from None

    def unread(self) -> Iterator[str]:
        """A sentence for each `POINTSMAN_*` variable that nothing has asked for: a misspelt one."""
        known = {f"{PREFIX}{name}{end}" for name in self._read for end in ("", "_FILE")}
        for name in sorted(self._variables):
            if name.startswith(PREFIX) and name not in known and not name.startswith(_OTHERS):
                close = difflib.get_close_matches(name, known, 1, 0.8)
                hint = f" Did you mean {close[0]}?" if close else ""
                yield f"{name} is no setting of this service and has no effect.{hint}"

    def words(self, name: str, default: str = "") -> list[str]:
        """Comma-separated values, blanks dropped."""
        return [word for part in self.text(name, default).split(",") if (word := part.strip())]

    def pairs(self, name: str) -> dict[str, str]:
        """Comma-separated `a=b`."""
        found = {}
        for word in self.words(name):
            key, equals, value = word.partition("=")
            if not equals or not key.strip() or not value.strip():
                raise BadSetting(f"POINTSMAN_{name} must be pairs such as a=b,c=d, not {word!r}.")
            found[key.strip()] = value.strip()
        return found

    def origins(self, name: str) -> list[str]:
        """Origins as browsers send them, or `*`."""
        found = [word.rstrip("/").lower() for word in self.words(name)]
        for origin in found:
            scheme, separator, host = origin.partition("://")
            if origin != "*" and not (scheme and separator and host and "/" not in host):
                raise BadSetting(
                    f"POINTSMAN_{name} names origins such as https://app.example, not {origin!r}."
                )
        return found


def redis_url(env: Environment) -> str:
    """`POINTSMAN_REDIS_URL`, "" where it is not set. Raises `BadSetting`."""
    url = env.text("REDIS_URL")
    if url and not url.startswith(("redis://", "rediss://", "unix://")):
        raise BadSetting(
            "POINTSMAN_REDIS_URL must begin with redis://, rediss:// or unix://, as in "
            "redis://127.0.0.1:6379/0."
        )
    return url


def node_name(env: Environment) -> str:
    """`POINTSMAN_NODE_NAME`, "" where it is not set. Raises `BadSetting`."""
    name = env.text("NODE_NAME")
    if name and not NODE_NAME.fullmatch(name):
        raise BadSetting(
            "POINTSMAN_NODE_NAME must be up to 64 letters, digits, hyphens, dots and underscores, "
            "and begin with a letter or a digit."
        )
    return name


def made_node_name() -> str:
    """The machine's name, told apart from others that are called the same."""
    host = re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname().split(".")[0])[:40].strip(".-")
    return f"{host or 'node'}-{secrets.token_hex(3)}"


def private_directory(path: Path) -> None:
    """Makes the directory, with mode 700 where it is new. Raises `BadSetting`."""
    try:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise BadSetting(
            f"{path} cannot be made: {error.strerror}. "
            "POINTSMAN_DATA_DIR names the directory in which everything is kept."
        ) from error


def private_file(path: Path) -> None:
    """Makes the file, empty, with mode 600, unless it is there. What cannot be made is left."""
    with contextlib.suppress(OSError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def kept_secret(
    path: Path,
    make: Callable[[], str] | None = None,
    *,
    needed_by: Path | None = None,
    instead: str = "",
) -> str:
    """The secret in `path`, made on first use with mode 600 in a directory of mode 700.

    Two processes that start together agree: the file is created exclusively and the loser reads
    what the winner wrote. Where `needed_by` exists there was one, and none is made in its place;
    `instead` is the variable that may hold it. Raises `BadSetting` where nothing can be kept.
    """
    try:
        if needed_by is not None and needed_by.exists() and not path.exists():
            raise BadSetting(
                f"{path} is missing, and what this installation keeps cannot do without it. Put it "
                f"back from a backup, or set {PREFIX}{instead} to what it held."
            )
        value = _kept(path, make)
    except OSError as error:
        raise BadSetting(
            f"{path} cannot be read or made: {error.strerror}. "
            "POINTSMAN_DATA_DIR names the directory in which everything is kept."
        ) from error
    except UnicodeDecodeError:
        raise BadSetting(f"{path} holds no text. Put it back from a backup.") from None
    if not value:
        raise BadSetting(f"{path} is empty. Put it back from a backup.")
    return value


def _kept(path: Path, make: Callable[[], str] | None) -> str:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    if not path.exists():
        value = make() if make is not None else secrets.token_urlsafe(48)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(value + "\n")
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
            made_here.append(path)
        draft.unlink()
    return path.read_text(encoding="utf-8").strip()
