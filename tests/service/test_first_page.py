"""Chat is served without anything that only pages and REST need; those come when they are asked
for, while streams go on."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.service.operator import Operator
from tests.support import openai_shapes as shapes
from tests.support.installation import ROOT, environment, manage
from tests.support.migrated import migrated
from tests.support.upstream import Json, Sse, Upstream

PAGES = (
    *("gateway.console.", "gateway.urls", "governance.api", "governance.serializers"),
    *(
        "rest_framework.views",
        "drf_spectacular.plumbing",
        "unfold.admin",
        "django.contrib.postgres",
    ),
    *("psycopg", "fido2", "requests", "jinja2", "pygments", "whitenoise", "qrcode"),
)
"""What consumers have no need of, by the beginnings of modules' names; SQLite is the database."""
PAUSE = 0.02
NOTING = """
import os, sys

class Noting:
    @staticmethod
    def find_spec(name, path=None, target=None):
        with open(os.environ["IMPORTED"], "a") as written:
            written.write(name + chr(10))

sys.meta_path.insert(0, Noting)
"""
"""Python imports it before the program: a finder that finds nothing, and tells what is sought."""


@contextmanager
def web_process(data_dir: Path, key: str, folder: Path) -> Iterator[Operator]:
    """As `up` starts one; what it imports stands in a file in `folder` before it has done so."""
    (folder / "sitecustomize.py").write_text(NOTING)
    places = os.pathsep.join([str(folder), *filter(None, [os.environ.get("PYTHONPATH")])])
    noted = {"PYTHONPATH": places, "IMPORTED": str(folder / "imported")}
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = subprocess.Popen(
            [sys.executable, "-m", "gateway.web", "--fd", str(listener.fileno())],
            cwd=ROOT,
            env=environment(data_dir, **noted),
            pass_fds=[listener.fileno()],
            stdin=subprocess.PIPE,
        )
        try:
            yield Operator(f"http://127.0.0.1:{listener.getsockname()[1]}", key)
        finally:
            process.terminate()
            process.wait(40)


def imported(folder: Path) -> set[str]:
    return set((folder / "imported").read_text().split())


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, str, str]]:
    """A data directory, a key of its, and a model that streams slowly where it is asked to."""
    data_dir = migrated(tmp_path_factory.mktemp("first-page"))
    key = manage(
        data_dir, "create_api_key", "tests", "--scopes",
        "inference,governance:read,governance:write",
    ).stdout.strip()  # fmt: skip

    def reply(asked: Any) -> Json | Sse:
        if asked.body["stream"]:
            return Sse(shapes.stream(*["x"] * 400), pause=PAUSE)
        return Json(shapes.completion("hello"))

    upstream = Upstream(reply)
    with upstream, web_process(data_dir, key, data_dir) as operator:
        name = operator.provider(upstream)
        profile = operator.profile({"provider": name, "model": "m"}, local_fallback="never")
        yield data_dir, key, f"{profile['virtual_provider']}/m"


def test_chat_is_served_without_any_page(installed: tuple[Path, str, str], tmp_path: Path) -> None:
    data_dir, key, model = installed
    with web_process(data_dir, key, tmp_path) as operator:
        assert operator.ask(model, stream=False).status_code == 200
        for path in ("/livez", "/readyz", "/metrics", "/v1/models"):
            # There is no collector, which the two in the middle say.
            answer = httpx.get(operator.url + path, headers=operator.headers)
            assert answer.status_code in (200, 503)
        before = imported(tmp_path)
        assert "gateway.lifespan" in before
        assert not sorted(name for name in before if name.startswith(PAGES))

        assert httpx.get(f"{operator.url}/admin/login/").status_code == 200
        assert operator.api.get("/providers").status_code == 200
        assert {"gateway.console.providers.admin", "governance.api.urls"} <= imported(tmp_path)


def test_streams_go_on_while_the_first_pages_wait(
    installed: tuple[Path, str, str], tmp_path: Path
) -> None:
    """All of them are answered, of one load."""
    data_dir, key, model = installed
    paths = ("/admin/login/", "/api/schema", "/static/console/theme/theme.css", "/nowhere")
    with web_process(data_dir, key, tmp_path) as operator, ThreadPoolExecutor() as pool:
        body = {"model": model, "stream": True, "messages": [{"role": "user", "content": "hi"}]}
        with httpx.stream(
            "POST", f"{operator.url}/v1/chat/completions", json=body, headers=operator.headers
        ) as stream:
            lines = stream.iter_lines()
            next(lines)
            began = time.monotonic()
            asked = [pool.submit(httpx.get, operator.url + path, timeout=30) for path in paths]
            came = 0
            while not all(one.done() for one in asked):
                came += next(lines) != ""
            took = time.monotonic() - began
    assert [one.result().status_code for one in asked] == [200, 200, 200, 404]
    # The load takes turns with the streams, and whatever else a machine does.
    assert came > took / PAUSE / 4
