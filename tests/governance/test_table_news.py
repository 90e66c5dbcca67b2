"""A write waits until every process of its node has it, and for nobody who is gone."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance import services, snapshot, table_news
from governance.socket_path import bindable
from governance.table_news import TableListener, tell
from tests.governance.conftest import profile_document


class Process(threading.Thread):
    """Stands for another process: looks when it is asked to, and has `version` then."""

    def __init__(self, where: Path, version: int) -> None:
        super().__init__(daemon=True)
        self.listener, self.version = TableListener(where), version
        self.ending = threading.Event()
        self.start()

    def run(self) -> None:
        while not self.ending.is_set():
            self.listener.wait(0.05)
            self.listener.answer(self.version)

    def end(self) -> None:
        self.ending.set()
        self.join()
        self.listener.close()


@pytest.fixture
def where(tmp_path: Path) -> Path:
    """Short enough to bind, wherever tests keep their files."""
    return bindable(tmp_path / "tables" / ("0" * 22)).parent


@pytest.fixture
def processes(where: Path) -> Iterator[list[Process]]:
    made = [Process(where, 7) for _ in range(3)]
    yield made
    for one in made:
        one.end()
    assert not list(where.iterdir()), "nothing is left behind"


def test_it_works(where: Path, processes: list[Process]) -> None:
    assert tell(7, where)
    assert tell(6, where)


def test_one_that_is_behind_is_waited_for(where: Path, processes: list[Process]) -> None:
    processes[1].version = 6
    began = time.monotonic()
    assert not tell(7, where, patience=0.2)
    assert time.monotonic() - began >= 0.2
    processes[1].version = 7
    assert tell(7, where)


def test_nobody_waits_for_who_is_gone(where: Path, processes: list[Process]) -> None:
    """A process that was killed leaves its socket behind; the next write removes it."""
    killed = TableListener(where)
    killed._socket.close()
    assert killed.path.exists()
    assert tell(7, where, patience=30)
    assert not killed.path.exists()


def test_where_nobody_listens_nothing_is_made(tmp_path: Path) -> None:
    assert tell(7, tmp_path / "nowhere")
    assert os.listdir(tmp_path) == []


def test_strangers_are_not_listened_to(
    where: Path, processes: list[Process], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 4_294_967)
    with pytest.raises(PermissionError):
        TableListener(where)


@pytest.mark.django_db(transaction=True)
def test_a_watcher_looks_when_it_is_asked_to(where: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long before it would look by itself."""
    monkeypatch.setattr(table_news, "directory", lambda: where)
    watcher = snapshot.watch(interval=60, listening_in=where)
    try:
        monkeypatch.setattr(snapshot, "refresh", _once_elsewhere(snapshot.refresh))
        services.save_profile(profile_document("a"), who="ann")
        assert "a" in snapshot.current().profiles
    finally:
        watcher._ending.set()
        tell(0, where, patience=0)
        watcher.stop()


def _once_elsewhere(refresh):
    """As in another process: who wrote does not bring this table up to date."""

    def by_the_watcher_alone():
        if threading.current_thread().name == "routing-table":
            return refresh()
        return snapshot.current()

    return by_the_watcher_alone
