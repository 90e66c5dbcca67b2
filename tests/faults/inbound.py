"""What callers can do to a web process: bodies, heads, silence."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from tests.faults import crowd
from tests.faults.figures import Figure, at_most, equal, resident
from tests.faults.sink import Sink
from tests.service.operator import Operator
from tests.support.installation import Installation

Ask = Callable[[], httpx.Response]

BODY = 31 * 1000 * 1000
MANY = 60
STRANGERS = 40
CALM = 5.0
"""Seconds for which others are timed before anything is done to the service."""


class Watch:
    """Asks again and again, beside what is done to the service."""

    def __init__(self, ask: Ask, pid: int) -> None:
        self.times: list[float] = []
        self.wrong = 0
        self.peak = resident(pid)
        self._ask, self._pid, self._ending = ask, pid, threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ending.wait(0.02):
            began = time.monotonic()
            try:
                good = self._ask().status_code == 200
            except httpx.HTTPError:
                good = False
            self.times.append((time.monotonic() - began) * 1000)
            self.wrong += not good
            self.peak = max(self.peak, resident(self._pid))

    def p99(self) -> float:
        return sorted(self.times)[int(len(self.times) * 0.99)]


def web_process(service: Installation) -> int:
    def command(pid: int) -> bytes:
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return b""

    return next(pid for pid in service.descendants() if b"gateway.web" in command(pid))


def run(folder: Path) -> Iterator[Figure]:
    with (
        Sink() as provider,
        Installation(folder, "--no-model", POINTSMAN_MAX_BUFFERED_MIB="512") as service,
    ):
        operator = Operator(service.url, service.api_key)
        name = operator.provider(provider.url, total_timeout=120)
        profile = operator.profile({"provider": name, "model": "m"}, local_fallback="never")
        model = f"{profile['virtual_provider']}/m"
        pid = web_process(service)
        client, other = httpx.Client(headers=operator.headers, timeout=60), httpx.Client(timeout=60)
        small = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
        url = f"{service.url}/v1/chat/completions"

        def chat() -> httpx.Response:
            return client.post(url, json=small)

        def live() -> httpx.Response:
            return other.get(f"{service.url}/livez")

        chat()
        yield from _burst(operator, model, pid, chat, live)
        yield from _strangers(service.url, pid, live)
        yield from _silent(service.url)


def _burst(operator: Operator, model: str, pid: int, chat: Ask, live: Ask) -> Iterator[Figure]:
    before = resident(pid)
    with Watch(chat, pid) as calm, Watch(live, pid) as calm_health:
        time.sleep(CALM)
    with Watch(chat, pid) as others, Watch(live, pid) as health:
        statuses = crowd.run(operator.url, operator.key, model, count=MANY, size=BODY)
    ended = time.monotonic()
    while resident(pid) > before * 1.25 + 50 and time.monotonic() - ended < 40:
        time.sleep(0.2)
    told = ", ".join(f"{statuses.count(one)} x {one}" for one in sorted(set(statuses)))
    what = f"{MANY} bodies of 31 MB at once, 512 MiB to hold"
    yield Figure(f"{what}: answers", told, "200 or 503", set(statuses) <= {200, 503})
    yield at_most(f"{what}: memory at its peak", max(others.peak, health.peak), 1500, "MB")
    yield at_most(f"{what}: until it is given back", time.monotonic() - ended, 30, "s")
    yield at_most(f"{what}: p99 of other callers", others.p99(), 300, "ms")
    yield at_most(f"{what}: p99 of `/livez`", health.p99(), 200, "ms")
    told = f"{calm.p99():,.0f} ms and {calm_health.p99():,.0f} ms"
    yield Figure("The same two before that, which tells of the machine", told, "", holds=True)
    yield equal(f"{what}: other callers not answered", others.wrong, 0)


def _strangers(url: str, pid: int, live: Ask) -> Iterator[Figure]:
    place = urlsplit(url)
    before, held = resident(pid), []
    with Watch(live, pid) as health:
        for _ in range(STRANGERS):
            one = socket.create_connection((place.hostname, place.port))
            one.settimeout(1)
            head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: {BODY}"
            with suppress(OSError):
                one.sendall(head.encode() + b"\r\n\r\n" + b"x" * 25_000_000)
            held.append(one)
    yield at_most(
        f"{STRANGERS} callers without a key, 25 of 31 MB each: memory taken",
        health.peak - before,
        30,
        "MB",
    )
    for one in held:
        one.close()


def _silent(url: str) -> Iterator[Figure]:
    place = urlsplit(url)
    began = time.monotonic()
    for what, said in (
        ("a connection that says nothing", b""),
        ("half a head", b"GET / HTTP/1.1\r\nhost: x\r\nx"),
    ):
        one = socket.create_connection((place.hostname, place.port))
        one.sendall(said)
        one.settimeout(30)
        began = time.monotonic()
        try:
            while one.recv(4096):
                pass
        except OSError:
            pass
        yield at_most(f"{what}: closed after", time.monotonic() - began, 11, "s")
    endless = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
    sent = 0
    try:
        endless.connect()
        endless.sock.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nx: ")
        while sent < 20_000_000:
            endless.sock.sendall(b"x" * 10_000)
            sent += 10_000
    except OSError:
        pass
    yield at_most("an endless header line: taken before it is cut off", sent / 1000, 8000, "kB")
