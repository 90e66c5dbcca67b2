"""What one web process has learned of a provider, all of them know."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from gateway.collector.gauges import GaugeReceiver
from gateway.collector.places import places
from gateway.collector.repair_memory import (
    RepairExchange,
    RepairMemory,
    forget,
    read,
    remembered,
)
from governance import services
from governance.kinds.model_rules import Fix
from inference.dispatch.repair_book import UNKNOWN_TO_OTHERS, RepairBook
from inference.translate.repairs import REPAIRS
from inference.translate.repairs.words import words_of
from inference.values.repair_news import MOST_FIXES, MOST_PLACES, SharedRepair
from tests.governance.conftest import provider_document
from tests.inference.tables import provider

ONE = provider("One", "http://127.0.0.1:1/v1")
DROP = Fix("drop", "stream_options")


class Process:
    """A web process, as far as it has to do with repairs."""

    def __init__(self, node: Node) -> None:
        self.now = 1000.0
        self.book = RepairBook(lambda: self.now)
        self.exchange = RepairExchange(self.book, node.socket, node.file)

    def known(self) -> tuple[Fix, ...]:
        return self.book.known(ONE, "m")


class Node:
    """A collector and its places."""

    def __init__(self, directory: Path) -> None:
        self.socket, self.file = directory / "s", directory / "repairs.json"
        self.start()

    def start(self) -> None:
        self.memory = RepairMemory(self.file)
        self.receiver = GaugeReceiver(self.socket, on_repairs=self.memory.hear)

    def step(self, *processes: Process) -> None:
        """Everybody looks once, as they do ten times a second."""
        for one in processes:
            one.exchange.step()
        self.receiver.receive()
        self.memory.write_when_changed()
        for one in processes:
            one.exchange.step()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    made = Node(tmp_path)
    yield made
    made.receiver.close()


def test_it_works(node: Node) -> None:
    first, second = Process(node), Process(node)
    first.book.learn(ONE, "m", [DROP, Fix("limit", "5")])
    node.step(first, second)
    assert second.known() == first.known() == (DROP, Fix("limit", "5"))
    assert [one.model for one in remembered(node.file, "ONE", time.time())] == ["m", "m"]
    second.book.unlearn(ONE, "m")
    second.book.learn(ONE, "m", [Fix("limit", "7")])
    first.now += UNKNOWN_TO_OTHERS + 1
    node.step(first, second)
    assert first.known() == second.known() == (Fix("limit", "7"),)


def test_what_is_forgotten_is_forgotten_by_all(node: Node) -> None:
    first, second = Process(node), Process(node)
    first.book.learn(ONE, "m", [DROP])
    first.book.learn(provider("two", "http://127.0.0.1:1/v1"), "m", [DROP])
    node.step(first, second)
    first.now += UNKNOWN_TO_OTHERS + 1
    assert forget(node.socket, "oNe")
    node.step(first, second)
    assert first.known() == second.known() == ()
    assert [one.provider for one in read(node.file)] == ["two"]


def test_a_new_collector_and_a_new_process_know_it_too(node: Node) -> None:
    first = Process(node)
    first.book.learn(ONE, "m", [DROP])
    node.step(first)
    node.receiver.close()
    node.start()
    late = Process(node)
    node.step(late)
    assert late.known() == (DROP,)


def test_without_a_collector_everyone_goes_on_with_what_they_know(node: Node) -> None:
    node.receiver.close()
    first, second = Process(node), Process(node)
    first.book.learn(ONE, "m", [DROP])
    first.exchange.step()
    second.exchange.step()
    assert (first.known(), second.known()) == ((DROP,), ())
    assert not forget(node.socket, "one")
    node.start()
    node.step(first, second)
    assert second.known() == (DROP,)


def test_it_expires_and_is_bounded(tmp_path: Path) -> None:
    now = 1000.0
    memory = RepairMemory(tmp_path / "f", lambda: now)
    from inference.values.repair_news import RepairNews

    many = [SharedRepair("a", "", f"m{place}", "drop", "x", 2000.0) for place in range(1500)]
    fixes = [SharedRepair("a", "", "m", "drop", f"x{place}", 2000.0) for place in range(50)]
    memory.hear(RepairNews((), (*many, *fixes)))
    held = memory.held()
    assert len({one.model for one in held}) == MOST_PLACES
    assert sum(one.model == "m" for one in held) == MOST_FIXES
    now = 2000.0
    memory.write_when_changed()
    assert read(tmp_path / "f") == []


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b'[["a"]]'])
def test_a_broken_file_says_nothing(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "f").write_bytes(content)
    assert read(tmp_path / "f") == []
    assert RepairMemory(tmp_path / "f").held() == []


def test_every_repair_that_lasts_has_words() -> None:
    for name, repair in REPAIRS.items():
        if repair.lasting:
            assert words_of(name, "x") != f"{name.replace('_', ' ')} x"


@pytest.fixture
def saved(tmp_path: Path, settings: Any, db: None) -> Iterator[Node]:
    """A provider with something remembered of it, and a collector that hears."""
    settings.DATA_DIR = tmp_path
    services.save_provider(provider_document(), who="t")
    where = places()
    where.published.mkdir(parents=True)
    made = Node.__new__(Node)
    made.socket, made.file = where.socket, where.repairs
    made.start()
    process = Process(made)
    process.book.learn(provider("fast", "http://127.0.0.1:1/v1"), "m", [DROP])
    made.step(process)
    yield made
    made.receiver.close()


def test_the_providers_page_shows_it_and_forgets_it(saved: Node, admin_client: Client) -> None:
    from governance.models import Provider

    pk = Provider.objects.get().pk
    path = f"/admin/governance/provider/{pk}/change/"
    assert "stream_options is left out" in admin_client.get(path).content.decode()
    answer = admin_client.post(f"/admin/connection/{pk}/repairs", follow=True)
    assert "is found out anew" in answer.content.decode()
    saved.step()
    assert "stream_options is left out" not in admin_client.get(path).content.decode()
    saved.receiver.close()
    answer = admin_client.post(f"/admin/connection/{pk}/repairs", follow=True)
    assert "the collector is away" in answer.content.decode()


def test_rest(saved: Node, admin_client: Client) -> None:
    path = "/api/governance/providers/Fast/repairs"
    (told,) = admin_client.get(path).json()["repairs"]
    assert (told["model"], told["repair"], told["value"]) == ("m", "drop", "stream_options")
    assert admin_client.delete(path).status_code == 204
    saved.step()
    assert admin_client.get(path).json() == {"repairs": [], "count": 0}
    assert admin_client.get("/api/governance/providers/nobody/repairs").status_code == 404
    saved.receiver.close()
    assert admin_client.delete(path).status_code == 501
