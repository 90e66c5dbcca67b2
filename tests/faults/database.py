"""PostgreSQL that goes away and comes back, and nodes that start at once."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx
import psycopg

from tests.faults.figures import Figure, at_most, equal
from tests.support import postgres
from tests.support.eventually import eventually
from tests.support.installation import Installation


class Way:
    """A port that leads to a server's Unix socket, and can be closed."""

    def __init__(self, url: str) -> None:
        self._target = f"{unquote(urlsplit(url).hostname or '')}/.s.PGSQL.5432"
        self._open: list[socket.socket] = []
        self.delay = 0.0
        """Seconds by which everything arrives later."""
        with socket.create_server(("127.0.0.1", 0)) as held:
            self.port = held.getsockname()[1]
        self.open()

    def open(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def close(self) -> None:
        for one in [self._listener, *self._open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(self._target)
                self._open += [near, far]
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                time.sleep(self.delay)
                sink.sendall(data)
        with suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)


def run(folder: Path) -> Iterator[Figure]:
    if not postgres.available():
        return
    with postgres.server() as url:
        with psycopg.connect(url, autocommit=True) as base:
            for name in ("faults_nodes", "faults_away"):
                base.execute(f"DROP DATABASE IF EXISTS {name}")
                base.execute(f"CREATE DATABASE {name}")
        yield from _nodes(url.replace("/postgres", "/faults_nodes"), folder)
        way = Way(url)
        yield from _away(way, f"postgres://pointsman@127.0.0.1:{way.port}/faults_away", folder)


def _nodes(url: str, folder: Path) -> Iterator[Figure]:
    """Four that start at once, with one key ring, as nodes have."""
    keys = {
        "POINTSMAN_ENCRYPTION_KEYS": "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
        "POINTSMAN_SECRET_KEY": "x" * 60,
        "POINTSMAN_DATABASE_URL": url,
    }

    def start(number: int) -> str:
        with Installation(folder / f"node-{number}", "--no-model", wait=150, **keys) as node:
            return node.output

    with ThreadPoolExecutor(3) as pool:
        outputs = list(pool.map(start, range(3)))
    yield equal("3 nodes start at once on an empty database: ready", len(outputs), 3)
    made = sum("shown once" in output for output in outputs)
    yield equal("3 nodes start at once: defaults made", made, 1)


def _away(way: Way, url: str, folder: Path) -> Iterator[Figure]:
    data = folder / "away"
    more = {"POINTSMAN_DATABASE_URL": url}
    with Installation(data, "--no-model", wait=150, **more) as service:
        client = httpx.Client(
            headers={"Authorization": f"Bearer {service.api_key}"}, base_url=service.url, timeout=60
        )

        def rest() -> int:
            return client.get("/api/governance/providers").status_code

        assert rest() == 200
        time.sleep(1)
        way.close()
        worst, told = 0.0, set()
        for _ in range(5):
            began = time.monotonic()
            told.add(rest())
            worst = max(worst, (time.monotonic() - began) * 1000)
        yield equal("PostgreSQL away: REST answers", told, {503})
        yield at_most("PostgreSQL away: REST answers within", worst, 2000, "ms")
        yield equal("PostgreSQL away: /v1/models", client.get("/v1/models").status_code, 200)
        began = time.monotonic()
        page = client.get("/admin/login/", headers={"accept": "text/html"}).status_code
        took = (time.monotonic() - began) * 1000
        yield Figure("PostgreSQL away: the desk", str(page), "200 or 503", page in (200, 503))
        yield at_most("PostgreSQL away: the desk answers within", took, 2000, "ms")
        way.open()
        began = time.monotonic()
        eventually(lambda: rest() == 200, 60)
        yield at_most(
            "PostgreSQL back: REST again after", (time.monotonic() - began) * 1000, 2000, "ms"
        )
        key = service.api_key
    way.close()
    began = time.monotonic()
    with Installation(data, "--no-model", wait=150, **more) as service:
        client = httpx.Client(headers={"Authorization": f"Bearer {key}"}, base_url=service.url)
        yield at_most("a start without PostgreSQL: ready after", time.monotonic() - began, 30, "s")
        yield equal(
            "a start without PostgreSQL: keys are known", client.get("/v1/models").status_code, 200
        )
        said = client.get("/readyz").json().get("table", "")
        yield equal("a start without PostgreSQL: said to be stale", said.startswith("stale"), True)
        way.open()
        began = time.monotonic()
        eventually(lambda: "table" not in client.get("/readyz").json(), 60)
        yield at_most("PostgreSQL back: the table is fresh after", time.monotonic() - began, 3, "s")
    shutil.rmtree(data, ignore_errors=True)
