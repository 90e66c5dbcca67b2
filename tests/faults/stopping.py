"""SIGTERM in every state of the database: what was answered has its row afterwards."""

from __future__ import annotations

import resource
import secrets
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Final

import psycopg

from tests.faults.database import Way
from tests.faults.figures import Figure, at_most, equal
from tests.faults.limits import process_of
from tests.service.operator import Operator
from tests.support import openai_shapes as shapes
from tests.support import postgres
from tests.support.eventually import eventually
from tests.support.installation import Installation
from tests.support.upstream import Json, Upstream

REQUESTS: Final = 150
"""Before the database is in its state, and as many in it."""
AT_MOST: Final = 15.0
"""Seconds until everything has ended."""
SLOW: Final = 0.5
"""Seconds by which a slow PostgreSQL answers later."""

State = Callable[[Installation], AbstractContextManager[None]]


def run(folder: Path) -> Iterator[Figure]:
    for what, state in (
        ("SQLite as usual", _as_usual),
        ("SQLite locked by another process", _locked),
        ("SQLite on a full disk", _full),
    ):
        yield from stopped(what, state, folder / secrets.token_hex(2), {})
    if not postgres.available():
        return
    with postgres.server() as url:
        for what, state in (("PostgreSQL away", _away), ("PostgreSQL slow", _slow)):
            name = f"stopping_{secrets.token_hex(4)}"
            with psycopg.connect(url, autocommit=True) as base:
                base.execute(f"CREATE DATABASE {name}")
            way = Way(url)
            more = {
                "POINTSMAN_DATABASE_URL": f"postgres://pointsman@127.0.0.1:{way.port}/{name}",
            }
            yield from stopped(what, partial(_with, state, way), folder / name, more)
            way.close()


def stopped(what: str, state: State, folder: Path, more: dict[str, str]) -> Iterator[Figure]:
    """Asks, brings the database into its state, asks on, ends, starts anew and counts."""
    wait = {"wait": 150.0}
    with Upstream(Json(shapes.completion("yes"))) as upstream:
        with Installation(folder, "--no-model", "--workers", "2", **wait, **more) as service:
            key = service.api_key
            operator = Operator(service.url, key)
            name = operator.provider(upstream)
            profile = operator.profile({"provider": name, "model": "m"})
            model = f"{profile['virtual_provider']}/m"
            answered = _ask(operator, model)
            with state(service):
                answered += _ask(operator, model)
                began = time.monotonic()
                status = service.stop(signal.SIGTERM)
                took = time.monotonic() - began
        with Installation(folder, "--no-model", **wait, **more) as service:
            operator = Operator(service.url, key)
            with suppress(AssertionError):
                eventually(lambda: _rows(operator, name) >= answered, 60)
            found = _rows(operator, name)
    yield equal(f"{what}, SIGTERM: exit status", status, 0)
    yield at_most(f"{what}, SIGTERM: gone after", took, AT_MOST, "s")
    yield equal(f"{what}, SIGTERM: rows of {answered} answered requests", found, answered)


def _ask(operator: Operator, model: str) -> int:
    """How many of so many requests were answered."""
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: operator.ask(model).status_code, range(REQUESTS)))
    return found.count(200)


def _rows(operator: Operator, provider: str) -> int:
    answer = operator.api.get("/interactions", params={"limit": 500, "provider": provider})
    return len(answer.json().get("interactions", ())) if answer.status_code == 200 else 0


@contextmanager
def _as_usual(service: Installation) -> Iterator[None]:
    yield


@contextmanager
def _locked(service: Installation) -> Iterator[None]:
    held = sqlite3.connect(service.data_dir / "pointsman.sqlite3", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    yield
    held.execute("ROLLBACK")
    held.close()


@contextmanager
def _full(service: Installation) -> Iterator[None]:
    """The collector may make no file longer, as on a disk without room for the database."""
    pid = process_of(service, b"gateway.collector")
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (1, 1))
    yield


def _with(
    state: Callable[[Way], AbstractContextManager[None]], way: Way, service: Installation
) -> AbstractContextManager[None]:
    return state(way)


@contextmanager
def _away(way: Way) -> Iterator[None]:
    way.close()
    yield
    way.open()


@contextmanager
def _slow(way: Way) -> Iterator[None]:
    way.delay = SLOW
    yield
    way.delay = 0.0
