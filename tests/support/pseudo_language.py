"""A made-up language with every message in brackets: what has none was never handed in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path

from django.test import override_settings
from django.utils.translation import trans_real

CODE = "io"
"""A language that Django knows the name of; its catalogue is not read."""
OPEN, CLOSE = "⟦", "⟧"
ATTRIBUTES = ("title", "placeholder", "aria-label", "alt")
UNREAD = frozenset({"script", "style", "code", "pre", "template", "svg"})
VOID = frozenset(
    {"input", "img", "br", "hr", "meta", "link", "source", "rect", "path", "wbr", "col"}
)
_WORD = re.compile(r"[A-Za-z]{2,}")


class _Bracketed:
    """What Django asks of a catalogue."""

    def gettext(self, message: str) -> str:
        said = message.rpartition(trans_real.CONTEXT_SEPARATOR)[2]
        return f"{OPEN}{said}{CLOSE}" if said.strip() else said

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        return self.gettext(singular if number == 1 else plural)

    def to_language(self) -> str:
        return CODE


@contextmanager
def spoken(folder: Path) -> Iterator[None]:
    """The language is there, as if its catalogue lay in `folder`."""
    catalogue = folder / CODE / "LC_MESSAGES" / "django.mo"
    catalogue.parent.mkdir(parents=True)
    catalogue.touch()
    with override_settings(LOCALE_PATHS=[folder], LANGUAGES=[("en-gb", "en-gb"), (CODE, CODE)]):
        trans_real._translations[CODE] = _Bracketed()  # type: ignore[attr-defined]
        yield
    trans_real._translations.pop(CODE, None)  # type: ignore[attr-defined]


class _Page(HTMLParser):
    """The words that people see or hear, outside brackets."""

    def __init__(self) -> None:
        super().__init__()
        self.depth = 0
        self.unread: list[str] = []
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        for name in ATTRIBUTES:
            self._read(held.get(name) or "", 0)
        if tag == "input" and held.get("type") in ("submit", "button"):
            self._read(held.get("value") or "", 0)
        icon = "material-symbols" in (held.get("class") or "")
        if tag not in VOID and (self.unread or icon or tag in UNREAD):
            self.unread.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.unread and tag in self.unread:
            while self.unread.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        if self.unread:
            for sign in data:
                self.depth += (sign == OPEN) - (sign == CLOSE)
        else:
            self.depth = self._read(data, self.depth)

    def _read(self, text: str, depth: int) -> int:
        outside = []
        for sign in text:
            if sign == OPEN:
                depth += 1
            elif sign == CLOSE:
                depth -= 1
            else:
                outside.append(sign if not depth else " ")
        if _WORD.search("".join(outside)):
            self.found.append(" ".join("".join(outside).split()))
        return depth


def bare_words(page: str, data: Iterable[str]) -> list[str]:
    """What the page says in no language; `data` are names and the like, which stay as they are."""
    reader = _Page()
    reader.feed(page)
    names = "|".join(sorted(map(re.escape, data), key=len, reverse=True))
    known = re.compile(rf"(?<![A-Za-z0-9])(?:{names})(?![A-Za-z0-9])")
    left = (known.sub(" ", one) for one in reader.found)
    return list(dict.fromkeys(one.strip() for one in left if _WORD.search(one)))
