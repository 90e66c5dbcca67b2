"""The documentation as pages: the Markdown files of the service's own `docs`."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from django.conf import settings
from django.urls import reverse
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

IMAGES: Final = frozenset({".png", ".svg"})
_SLUG: Final = re.compile(r"[^\w]+")


class HelpPage(NamedTuple):
    """One file; `name` is its path without the ending."""

    name: str
    title: str


def folder() -> Path:
    return Path(settings.BASE_DIR) / "docs"


@lru_cache(maxsize=1)
def pages() -> dict[str, HelpPage]:
    """Every page by its name: only what is listed here is ever read."""
    root = folder()
    found = {}
    for path in sorted(root.rglob("*.md")):
        name = path.relative_to(root).with_suffix("").as_posix()
        first = path.read_text(encoding="utf-8").lstrip().partition("\n")[0]
        found[name] = HelpPage(name, first.lstrip("# ").strip() or name)
    return found


def image_path(name: str) -> Path | None:
    """A picture of the documentation; None for everything else."""
    path = folder() / "images" / name
    return path if path.name == name and path.suffix in IMAGES and path.is_file() else None


@lru_cache(maxsize=64)
def drawn(name: str) -> SafeString:
    """The page as HTML. Raises `KeyError` for what is no page."""
    page = pages()[name]
    text = (folder() / f"{page.name}.md").read_text(encoding="utf-8")
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for place, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", slug(tokens[place + 1].content))
        for child in token.children or ():
            _lead(child, name)
    html = markdown.renderer.render(tokens, markdown.options, {})
    # Our own files, whose HTML is escaped.
    return SafeString(html)


def slug(text: str) -> str:
    """As the places where Markdown is shown name a heading."""
    return _SLUG.sub("-", text.casefold()).strip("-")


def _lead(token: Any, name: str) -> None:
    """Links between pages, and pictures, lead to where they are served from."""
    if token.type == "link_open":
        token.attrSet("href", _address(str(token.attrGet("href") or ""), name))
    if token.type == "image":
        token.attrSet("src", _address(str(token.attrGet("src") or ""), name))


def _address(given: str, name: str) -> str:
    path, mark, anchor = given.partition("#")
    if "://" in path or not path:
        return given
    there = posixpath.normpath(posixpath.join(posixpath.dirname(name), path))
    if there.endswith(".md") and there[:-3] in pages():
        return reverse("console:help-page", args=(there[:-3],)) + mark + anchor
    if there.startswith("images/"):
        return reverse("console:help-image", args=(posixpath.basename(there),))
    return "#"
