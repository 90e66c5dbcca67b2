"""Processes that are killed, and databases that go away: every record once, on both of them."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from gateway.collector import status
from tests.gateway.collector.world import World, memory, until
from tests.support.migrated import drop_database, migrated, migrated_database
from tests.support.timing import allowed

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(params=["sqlite", "postgres"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "sqlite":
        yield World(migrated(tmp_path))
        return
    server = request.getfixturevalue("postgres_server")
    name = f"collector_{tmp_path.name.replace('-', '_')}".lower()[:60]
    yield World(tmp_path, migrated_database(server, name))
    drop_database(server, name)


def everything_once(world: World, expected: set[str]) -> None:
    rows = world.row_ids()
    assert len(rows) == len(set(rows))
    assert set(rows) == expected
    assert world.ledger() == len(rows)
    assert sorted(world.day_file_ids()) == sorted(rows)


def test_a_killed_collector_takes_in_every_record_once(world: World) -> None:
    """It is killed again and again, at any moment, while two web processes go on."""
    webs = {name: world.web(name, 5, 300) for name in ("a", "b")}
    rng = random.Random(7)
    until(lambda: len(world.segments()) > 0)
    while any(web.poll() is None for web in webs.values()):
        with world.collector() as collector:
            with suppress(subprocess.TimeoutExpired):
                collector.wait(1.2 + rng.random())
            collector.kill()
    expected = set()
    for name, web in webs.items():
        number, lost = map(int, web.communicate()[0].split())
        assert lost == 0
        expected |= {f"{name}_{one}" for one in range(number)}
    with world.collector():
        until(lambda: not world.segments())
    everything_once(world, expected)


def test_a_killed_web_process_leaves_whole_lines(world: World) -> None:
    web = world.web("a", 60, 500)
    with world.collector():
        until(lambda: len(world.segments()) > 0)
        time.sleep(1)
        web.kill()
        web.communicate()
        until(lambda: not world.segments())
    rows = world.row_ids()
    everything_once(world, {f"a_{number}" for number in range(len(rows))})
    assert len(rows) > 100


def test_the_database_is_away_for_a_while(world: World) -> None:
    """No request notices, nothing is lost, no memory grows; the status says what is wrong."""
    directory = world.data_dir / "run" / "collector" / "node-1"
    with world.collector() as collector:
        until(lambda: status.read(directory) is not None)
        web = world.web("a", 12, 400)
        until(lambda: len(world.segments()) > 0)
        with closing(away(world)) as outage:
            next(outage)
            time.sleep(1)
            before = memory(collector.pid), memory(web.pid)
            time.sleep(4)
            after = memory(collector.pid), memory(web.pid)
            said = status.read(directory)
            assert said is not None
            assert said.trouble
            assert said.backlog > 100_000
            assert said.lag > 1
        number, lost = map(int, web.communicate()[0].split())
        assert lost == 0
        assert number == pytest.approx(12 * 400, rel=0.02)
        until(lambda: not world.segments())
    everything_once(world, {f"a_{one}" for one in range(number)})
    for grown in (after[0] - before[0], after[1] - before[1]):
        assert grown < 4 * 1024 * 1024


def away(world: World) -> Generator[None, None, None]:
    """The database refuses everybody until this is closed."""
    url = world.environment.get("POINTSMAN_DATABASE_URL", "")
    if not url:
        with closing(sqlite3.connect(world.data_dir / "pointsman.sqlite3")) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield
        return
    server, _, name = url.rpartition("/")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name]
        )
        try:
            yield
        finally:
            connection.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def test_a_record_is_a_row_within_a_second(world: World) -> None:
    """At 500 requests a second, once it has caught up with what came while it started; under 0.1 s
    on a quiet machine."""
    directory = world.data_dir / "run" / "collector" / "node-1"
    lags: list[float] = []
    with world.collector():
        until(lambda: status.read(directory) is not None)
        web = world.web("a", 15, 500)
        until(lambda: len(world.segments()) > 0)
        while web.poll() is None:
            said = status.read(directory)
            if said is not None and (lags or 0 < said.backlog < 200_000):
                lags.append(said.lag)
            time.sleep(0.1)
        until(lambda: not world.segments())
    assert lags, "it never caught up"
    assert sorted(lags)[len(lags) // 2] < allowed(1.0)
    number, _ = map(int, web.communicate()[0].split())
    everything_once(world, {f"a_{one}" for one in range(number)})


def test_a_second_collector_says_so_and_waits(tmp_path: Path) -> None:
    world = World(migrated(tmp_path))
    directory = tmp_path / "run" / "collector" / "node-1"
    with world.collector() as first:
        until(lambda: status.read(directory) is not None)
        with world.collector(stderr=subprocess.PIPE, text=True) as second:
            assert second.stderr is not None
            assert second.stderr.readline() == (
                "Another collector runs for the node node-1; this one waits for its end.\n"
            )
            first.kill()
            until(lambda: status.read(directory).pid == second.pid)


def test_it_waits_for_the_migrations(tmp_path: Path) -> None:
    """In containers it may be up before them."""
    world = World(tmp_path)
    web = world.web("a", 0.5, 100)
    number, _ = map(int, web.communicate()[0].split())
    directory = tmp_path / "run" / "collector" / "node-1"
    with world.collector():
        until(lambda: (said := status.read(directory)) is not None and "no such" in said.trouble)
        assert world.manage("migrate", "-v", "0").returncode == 0
        until(lambda: not world.segments())
    everything_once(world, {f"a_{one}" for one in range(number)})
