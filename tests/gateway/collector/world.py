"""Web processes and collectors as processes of their own, for tests that kill them."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from tests.support.eventually import eventually
from tests.support.installation import ROOT, environment, manage

WEB = """
import os, sys, time
import django
django.setup()
from django.conf import settings
from gateway.collector.places import places
from inference.record.recorder import Recorder
from inference.record.segments import SegmentWriter
from tests.governance.interactions.request_contexts import request_context
name, seconds, rate = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
writer = SegmentWriter(places().segments, segment_bytes=200_000)
recorder = Recorder(writer, settings.NODE_NAME)
began = time.monotonic()
number, slowest = 0, 0.0
while (passed := time.monotonic() - began) < seconds:
    while number < passed * rate:
        recorder.accept(request_context(id=f"{name}_{number}", at=time.time()))
        number += 1
    writer.flush()
    time.sleep(0.05)
writer.close()
print(number, writer.lost)
"""


class World:
    """A data directory, and the database it uses."""

    def __init__(self, data_dir: Path, database_url: str = "") -> None:
        self.data_dir = data_dir
        more = {"POINTSMAN_NODE_NAME": "node-1"}
        if database_url:
            more["POINTSMAN_DATABASE_URL"] = database_url
        self.environment = environment(data_dir, **more)
        self._lean = {**self.environment, "DJANGO_SETTINGS_MODULE": "gateway.collector.settings"}
        self._more = more

    def manage(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return manage(self.data_dir, *arguments, **self._more)

    def web(self, name: str, seconds: float, rate: int) -> subprocess.Popen[str]:
        """Carries so many requests a second, and says how many at its end."""
        command = [sys.executable, "-c", WEB, name, str(seconds), str(rate)]
        return subprocess.Popen(
            command, cwd=ROOT, env=self._lean, stdout=subprocess.PIPE, text=True
        )

    @contextmanager
    def collector(self, **more: Any) -> Iterator[subprocess.Popen[str]]:
        process = subprocess.Popen(
            [sys.executable, "manage.py", "collect"], cwd=ROOT, env=self.environment, **more
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
            process.wait(20)

    def query(self, sql: str) -> list[Any]:
        """The first column of what the database answers."""
        if url := self._more.get("POINTSMAN_DATABASE_URL"):
            with psycopg.connect(url) as connection:
                return [row[0] for row in connection.execute(sql)]
        with closing(sqlite3.connect(self.data_dir / "pointsman.sqlite3")) as connection:
            return [row[0] for row in connection.execute(sql)]

    def row_ids(self) -> list[str]:
        return self.query("SELECT request_id FROM governance_interaction")

    def ledger(self) -> int:
        (found,) = self.query("SELECT COALESCE(SUM(requests), 0) FROM governance_usagebucket")
        return int(found)

    def segments(self) -> list[Path]:
        return list((self.data_dir / "segments" / "node-1").glob("*.segment"))

    def day_file_ids(self) -> list[str]:
        from tests.support.collecting import records_of

        days = (self.data_dir / "interactions").glob("*.jsonl")
        return [record.id for day in days for record in records_of(day)]


def memory(pid: int) -> int:
    """Bytes of its own."""
    for text in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if text.startswith("Private_Dirty:"):
            return int(text.split()[1]) * 1024
    raise AssertionError(pid)


until = partial(eventually, seconds=60)
