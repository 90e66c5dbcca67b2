"""Files of the pages' folders: scripts, styles and pictures are served, everything else is not."""

from __future__ import annotations

import re
from pathlib import Path, PurePath

import pytest
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client

from gateway.console.page_files import PREFIX, ROOT, SERVED

pytestmark = pytest.mark.django_db
FILES = [file.relative_to(ROOT).as_posix() for file in Path(ROOT).rglob("*") if file.is_file()]
PUBLIC = [name for name in FILES if PurePath(name).suffix in SERVED]
PRIVATE = [name for name in FILES if PurePath(name).suffix not in SERVED]


def address(name: str) -> str:
    return staticfiles_storage.url(f"{PREFIX}/{name}")


def test_scripts_styles_and_pictures_are_served() -> None:
    client = Client()
    assert len(PUBLIC) > 20
    for name in PUBLIC:
        answer = client.get(address(name))
        assert answer.status_code == 200, name
        assert answer.content == (Path(ROOT) / name).read_bytes(), name


def test_nothing_else_is() -> None:
    """Neither when the service starts, nor when each request looks for itself."""
    client = Client()
    assert {PurePath(name).suffix for name in PRIVATE} >= {".py", ".html"}
    for name in [*PRIVATE, "../settings.py", "theme/../../settings.py", "", "theme"]:
        assert client.get(f"/static/{PREFIX}/{name}").status_code == 404, name
        assert finders.find(f"{PREFIX}/{name}") is None, name


def test_collecting_takes_what_is_served() -> None:
    (finder,) = (one for one in finders.get_finders() if type(one).__name__ == "PageFiles")
    found = {path for path, _ in finder.list(None)}
    assert found == set(PUBLIC)
    assert {storage.prefix for _, storage in finder.list(None)} == {PREFIX}


def test_every_file_a_page_names_is_there() -> None:
    """Templates name scripts and styles, scripts name each other."""
    named: dict[str, set[str]] = {}
    for name in FILES:
        source, folder = Path(ROOT) / name, PurePath(name).parent
        if name.endswith(".html"):
            found = re.findall(rf'{{% static "{PREFIX}/([^"]+)" %}}', source.read_text())
            named[name] = set(found)
        elif name.endswith(".js"):
            found = re.findall(r'from "\./([^"]+)"', source.read_text())
            named[name] = {(folder / one).as_posix() for one in found}
    assert sum(map(len, named.values())) > 20
    assert {name: missing for name, has in named.items() if (missing := has - set(PUBLIC))} == {}
