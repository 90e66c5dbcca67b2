"""What the tests of the console share: people with rights or few, an engine with fake workers."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission, User
from django.test import Client

from gateway.console_apps import load_urls
from governance import snapshot
from governance.routing.table import RoutingTable
from inference.local.client import EngineClient, EngineModel
from tests.inference.local.engine.world import make_model

Member = Callable[..., Client]
QUICK = ["django.contrib.auth.hashers.MD5PasswordHasher"]
"""For tests that check passwords again and again, and say nothing of how they are kept."""


@pytest.fixture(scope="session", autouse=True)
def pages() -> None:
    """They come with the URLs: for most tests with the first request, for the others here."""
    load_urls()


@pytest.fixture(autouse=True)
def clean_table() -> Iterator[None]:
    """No test sees the table of another."""
    snapshot.install(RoutingTable())
    yield
    snapshot.install(RoutingTable())


@pytest.fixture
def member(db: None) -> Member:
    """A browser of someone of the staff who has these permissions, as `app.codename`."""

    def make(*permissions: str, name: str = "member") -> Client:
        user = get_user_model().objects.create_user(name, is_staff=True)
        assert isinstance(user, User)
        for permission in permissions:
            app, codename = permission.split(".")
            user.user_permissions.add(
                Permission.objects.get(content_type__app_label=app, codename=codename)
            )
        client = Client()
        client.force_login(user)
        return client

    return make


@pytest.fixture
def admin(db: None) -> Client:
    """Someone who may do everything."""
    return _client(User.objects.create_superuser("root"))


@pytest.fixture
def staff(db: None) -> Callable[..., Client]:
    """Makes someone with these permissions of this app alone."""

    def make(*permissions: str) -> Client:
        user = User.objects.create_user("ann", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        return _client(user)

    return make


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


class Engine:
    """A real engine in a process of its own, whose models are made by `model`."""

    def __init__(self, folder: Path) -> None:
        self.models_dir = folder / "models"
        self.models_dir.mkdir()
        # A short path: the system binds no socket with a long one.
        self.socket = str(Path(tempfile.mkdtemp(prefix="pm-")) / "engine.sock")
        self.client = EngineClient(self.socket)

    def __enter__(self) -> Engine:
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.inference.local.engine.run_engine"),
                *("--socket", self.socket, "--models-dir", str(self.models_dir)),
                *("--memory-budget", "1000000000"),
            ],
            stderr=subprocess.DEVNULL,
        )
        self._until(self.client.ready)
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(10)

    def model(self, name: str, *behaviours: dict[str, Any], size: int = 1000) -> None:
        make_model(self.models_dir, name, *behaviours, size=size)

    def until(self, name: str, state: str) -> EngineModel:
        """Waits for the model to be in this state."""

        def there() -> bool:
            model = self.client.models().model(name)
            return model is not None and model.state == state

        self._until(there)
        model = self.client.models().model(name)
        assert model is not None
        return model

    def _until(self, done: Callable[[], bool]) -> None:
        deadline = time.monotonic() + 15
        while not done():
            assert time.monotonic() < deadline
            time.sleep(0.02)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("engine")) as running:
        yield running
