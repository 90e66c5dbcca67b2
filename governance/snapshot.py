"""The RoutingTable in force in this process: loaded from the rows, replaced whole.

The request path calls `current()`, which reads one reference. A save in this process refreshes
the table once it is committed; changes made elsewhere are seen by `watch()`. Nothing that goes
wrong while loading takes the last good table out of force.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connection, transaction

from governance import last_good, table_news
from governance.built_rows import Row
from governance.catalog import CatalogFile
from governance.consistent import ATTEMPTS
from governance.load_table import NOTHING, Rows, Version, load, read_version
from governance.models import TableVersion
from governance.prices import expected_cost, preload
from governance.regex import compile_regex
from governance.routing.compile import compile_table
from governance.routing.costs import goes_by_prices
from governance.routing.overrides import in_force, next_end
from governance.routing.table import RoutingTable

log = structlog.get_logger("pointsman.snapshot")


@dataclass(slots=True)
class _State:
    rows: Rows = NOTHING
    """What the table was compiled from."""
    loaded: bool = False
    catalog: CatalogFile | None = None
    """What is known of models that are sold; read by whoever refreshes the table."""
    broken: Version | None = None
    """A version whose table did not compile; it is not tried again."""
    stale: str = ""
    """Why the table is not the database's of now; empty while it is."""
    kept: Version | None = None
    """The version that was kept on disk last."""
    kept_at: float = 0.0
    lapses_at: float = inf
    """Unix time at which an override is over, so that the table is another."""


KEEP_SECONDS = 5.0
"""Between two times that the table is kept on disk."""

_table = RoutingTable()
_state = _State()
_lock = threading.Lock()


def current() -> RoutingTable:
    """The table in force; never waits, never asks the database."""
    return _table


def ready() -> bool:
    """Whether a table has been loaded or installed."""
    return _state.loaded


def stale() -> str:
    """Why the table in force may be behind the database, as a sentence; "" where it is not."""
    return _state.stale


def out_of_service() -> Mapping[Row, str]:
    """Rows that the table in force leaves out, and why: they cannot be read."""
    return _state.rows.broken


def restore(reason: str) -> bool:
    """Puts in force what was kept on disk, for a start without a database. Whether there was."""
    global _table
    with _lock:
        rows = last_good.read()
        if rows is None:
            return False
        _catalog().refresh()
        _table, _state.rows, _state.loaded = _compiled(rows), rows, True
        _state.stale, _state.kept = reason, rows.version
        log.error("table_stale", version=rows.version.version, reason=reason)
        return True


def install(table: RoutingTable) -> None:
    """Puts a table in force that no row stands behind; the next `refresh` loads everything."""
    global _table, _state
    with _lock:
        _table, _state = table, _State(loaded=True)


def refresh() -> RoutingTable:
    """Brings the table up to date with the database and returns it.

    One query when nothing changed. A table that does not compile is logged and leaves the last
    good one in force; errors of the database are raised.
    """
    global _table
    with _lock:
        version = read_version()
        news = _catalog().refresh() or time.time() >= _state.lapses_at
        if _state.rows is not NOTHING and version == _state.rows.version and not news:
            _state.stale = ""
            return _table
        if version == _state.broken:
            return _table
        rows = _consistent(version)
        try:
            table = _compiled(rows)
        except Exception as error:
            _state.broken = rows.version
            _state.stale = f"Version {rows.version.version} cannot be used: see the log."
            log.error("table_not_compiled", version=rows.version.version, exc_info=error)
            return _table
        _table, _state.rows, _state.loaded, _state.broken = table, rows, True, None
        _state.stale = ""
        return table


def publish() -> None:
    """Brings this process up to date with what it has just written, and the others of its node."""
    refresh()
    table_news.tell(_seen(), table_news.directory())


def _seen() -> int:
    """The version this process has looked at, be it one that it could not use."""
    return max(_state.rows.version.version, _state.broken.version if _state.broken else 0)


def keep() -> None:
    """Keeps on disk what is in force, unless it is there or was just written."""
    rows, now = _state.rows, time.monotonic()
    if rows is NOTHING or _state.stale or rows.version == _state.kept:
        return
    if _state.kept is None or now >= _state.kept_at + KEEP_SECONDS:
        _state.kept, _state.kept_at = rows.version, now
        last_good.keep(rows)


def watch(interval: float = 0.25, listening_in: Path | None = None) -> Watcher:
    """Starts a thread that refreshes the table every `interval` seconds, and returns it.

    Whoever writes can ask it to look at once, in the directory `listening_in`.
    """
    watcher = Watcher(interval, _listener(listening_in) if listening_in else None)
    watcher.start()
    return watcher


class Watcher(threading.Thread):
    """Follows the database over a connection of its own, through outages too."""

    def __init__(self, interval: float, listener: table_news.TableListener | None = None) -> None:
        super().__init__(name="routing-table", daemon=True)
        self._interval, self._listener = interval, listener
        self._ending = threading.Event()
        self._lost = False

    def run(self) -> None:
        try:
            while not self._ending.is_set():
                self._look()
                if self._listener is None:
                    self._ending.wait(self._interval)
                else:
                    self._listener.wait(self._interval)
        finally:
            if self._listener is not None:
                self._listener.close()
            connection.close()

    def stop(self) -> None:
        """Ends the thread and waits for it."""
        self._ending.set()
        self.join()

    def _look(self) -> None:
        try:
            refresh()
            if self._listener is not None:
                self._listener.answer(_seen())
            keep()
        except Exception as error:
            _state.stale = "The database does not answer: changes are not seen until it does."
            if not self._lost:
                log.error("table_not_refreshed", version=_table.version, exc_info=error)
            self._lost = True
            connection.close()
        else:
            if self._lost:
                log.info("table_refreshed_again", version=_table.version)
            self._lost = False


def _listener(where: Path) -> table_news.TableListener | None:
    try:
        return table_news.TableListener(where)
    except OSError as error:
        log.warning("table_not_listening", error=type(error).__name__)
        return None


def _consistent(version: Version) -> Rows:
    """The rows of one version: those read between two equal versions, without a transaction.

    Every write bumps the version in its own transaction, so what lies between is of one state.
    Under a storm of writes the lock that writers take makes them wait for one read.
    """
    for _ in range(ATTEMPTS):
        rows = load(_state.rows, version)
        after = read_version()
        if after == version:
            return rows
        version = after
    with transaction.atomic():
        TableVersion.objects.select_for_update().get_or_create(pk=1)
        return load(_state.rows, read_version())


def _catalog() -> CatalogFile:
    if _state.catalog is None:
        _state.catalog = CatalogFile(Path(settings.MODEL_CATALOG))
    return _state.catalog


def _compiled(rows: Rows) -> RoutingTable:
    if rows.limits.counts_cost or any(map(goes_by_prices, rows.profiles.values())):
        # Here, off the event loop: no request waits for the list.
        preload()
    now = time.time()
    _state.lapses_at = next_end(rows.overrides, now)
    return compile_table(
        version=rows.version.version,
        providers=rows.providers,
        profiles=rows.profiles.values(),
        virtual_keys=rows.virtual_keys,
        rules=rows.rules,
        mappings=rows.mappings,
        cloud_enabled=settings.ENABLE_CLOUD_ROUTING,
        groups=rows.groups,
        limits=rows.limits,
        prices=rows.prices,
        local_fallback=settings.LOCAL_FALLBACK,
        context_lengths=_catalog().lengths,
        expected_cost=expected_cost(rows.prices),
        overrides=in_force(rows.overrides, now),
        compile_regex=compile_regex,
    )
