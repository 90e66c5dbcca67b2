"""The rows that were in force last, kept on disk for a start without a database.

Sealed as credentials are, which they hold: nobody without the key ring reads or forges them. What
another release wrote is not read.
"""

from __future__ import annotations

import hashlib
import os
import pickle
import secrets as random
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import fields, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog
from django.conf import settings

from governance import secrets
from governance.limits.counting.binding import LimitIndex
from governance.limits.limit import Extra, LimitEntry
from governance.load_table import Rows, Version
from governance.routing import table
from governance.routing.overrides import OverrideEntry

log = structlog.get_logger("pointsman.snapshot")

_VALUES: Final = (
    Rows,
    Version,
    table.ProviderEntry,
    table.Profile,
    table.CachePolicy,
    table.ShadowPolicy,
    table.Target,
    table.RateLimit,
    table.VirtualKey,
    table.Condition,
    table.HeuristicRuleEntry,
    table.ModelMappingEntry,
    table.GroupEntry,
    table.ModelPriceEntry,
    OverrideEntry,
    LimitEntry,
    Extra,
)
_SHAPE: Final = hashlib.sha256(
    repr([(one.__name__, [(f.name, f.type) for f in fields(one)]) for one in _VALUES]).encode()
).digest()


_KEY: Final = attrgetter(*(one.name for one in fields(table.VirtualKey)))
_LIMIT: Final = attrgetter(*(one.name for one in fields(LimitEntry)))


class _Kept(NamedTuple):
    """Keys and limits are plain tuples: there may be a hundred thousand of each, and pickling as
    many of our own values takes seconds."""

    rows: Rows
    """Without keys and limits."""
    keys: Mapping[bytes, tuple[Any, ...]]
    limits: list[tuple[Any, ...]]


def _packed(rows: Rows) -> bytes:
    keys = {digest: _KEY(one) for digest, one in rows.virtual_keys.items()}
    limits = list(map(_LIMIT, rows.limits.by_id.values()))
    return pickle.dumps(_Kept(replace(rows, virtual_keys={}, limits=LimitIndex()), keys, limits))


def _unpacked(data: bytes) -> Rows:
    # Only whoever holds the key ring could have written it.
    kept: _Kept = pickle.loads(data)  # noqa: S301  # sealed by us, see above
    return replace(
        kept.rows,
        virtual_keys={digest: table.VirtualKey(*one) for digest, one in kept.keys.items()},
        limits=LimitIndex(LimitEntry(*one) for one in kept.limits),
    )


def exists() -> bool:
    return _path().exists()


def keep(rows: Rows) -> None:
    """Puts them in the place of what was kept before. What cannot be written is logged."""
    path = _path()
    draft = path.with_name(f".{path.name}.{os.getpid()}.{random.token_hex(4)}")
    try:
        sealed = secrets.seal(_SHAPE + _packed(rows))
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed)
        draft.replace(path)
    except OSError as error:
        log.warning("table_not_kept", reason=error.strerror)
        with suppress(OSError):
            draft.unlink(missing_ok=True)


def read() -> Rows | None:
    """None where there are none that this release and these keys can read."""
    try:
        opened = secrets.unseal(_path().read_bytes())
    except (OSError, secrets.Unreadable):
        return None
    if not opened.startswith(_SHAPE):
        return None
    try:
        return _unpacked(opened[len(_SHAPE) :])
    except Exception as error:
        log.warning("table_not_read", error=type(error).__name__)
        return None


def _path() -> Path:
    return Path(settings.DATA_DIR) / "table" / "last_good"
