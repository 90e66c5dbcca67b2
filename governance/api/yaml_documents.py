"""YAML as another spelling of JSON: what JSON can say and nothing beyond.

There are no anchors and aliases, of which a few lines can unfold to any size, no tags, no dates and
no words like `on` that mean something else. A text that was written by `write` is read as what it
was, whatever it holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml
from django.conf import settings
from django.utils.translation import gettext as _

LARGEST: Final = 8 * 1024**2
"""Bytes. It takes a second to read so much."""
DEEPEST: Final = 64

# What writers of YAML 1.1 put in quotes where it is meant as a text, or less.
WORDS: Final = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}
WHOLE: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
NUMBER: Final = re.compile(r"[-+]?[0-9]+\.[0-9]*(?:[eE][-+][0-9]+)?", re.ASCII)
LONGEST_NUMBER: Final = 400
"""Characters."""
TEXT: Final = "tag:yaml.org,2002:str"

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_Dumper: Any = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


class NotYaml(ValueError):
    """What is wrong with it, as a sentence for whoever wrote it."""


def write(document: object) -> str:
    """The document, its members in their order."""
    written: str = yaml.dump(
        document, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=2**31 - 1
    )
    return written


def read(text: bytes) -> Any:
    """What one document holds. Raises `NotYaml`."""
    if len(text) > min(LARGEST, settings.MAX_BODY_BYTES):
        raise NotYaml(_("It must have at most %(most)s MiB.") % {"most": LARGEST // 1024**2})
    try:
        decoded = text.decode()
    except UnicodeDecodeError:
        raise NotYaml(_("It is not UTF-8.")) from None
    try:
        return _Reading(yaml.parse(decoded, Loader=_Loader)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = _("Line %(line)s: ") % {"line": mark.line + 1} if mark else ""
        raise NotYaml(f"{where}{error.problem or error.context}.") from None
    except yaml.YAMLError as error:
        raise NotYaml(str(error).splitlines()[0] + ".") from None


class _Reading:
    """The document while its events come in."""

    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events

    def document(self) -> Any:
        found: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent | yaml.StreamStartEvent):
                continue
            if isinstance(event, yaml.DocumentEndEvent | yaml.StreamEndEvent):
                continue
            if found:
                raise NotYaml(_at(event, _("there is a second document")))
            found.append(self._value(event, 0))
        return found[0] if found else None

    def _value(self, event: Any, depth: int) -> Any:
        _plain(event)
        if depth > DEEPEST:
            raise NotYaml(_at(event, _("it is nested too deeply")))
        if isinstance(event, yaml.SequenceStartEvent):
            return [self._value(one, depth + 1) for one in self._until(yaml.SequenceEndEvent)]
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(depth)
        return _scalar(event)

    def _until(self, end: type) -> Iterator[Any]:
        for event in self._events:
            if isinstance(event, end):
                return
            yield event

    def _mapping(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for event in self._until(yaml.MappingEndEvent):
            _plain(event)
            if not isinstance(event, yaml.ScalarEvent):
                raise NotYaml(_at(event, _("a name must be a text")))
            name = event.value
            if name in found:
                raise NotYaml(_at(event, _("%(name)s stands there twice") % {"name": name}))
            found[name] = self._value(next(self._events), depth + 1)
        return found


def _plain(event: Any) -> None:
    """Raises `NotYaml` for what only YAML has."""
    if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
        raise NotYaml(_at(event, _("anchors and aliases are not read")))
    tag = getattr(event, "tag", None)
    if tag not in (None, "!", TEXT):
        raise NotYaml(_at(event, _("tags are not read")))


def _scalar(event: Any) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in WORDS:
        return WORDS[text]
    if len(text) > LONGEST_NUMBER:
        return text
    if WHOLE.fullmatch(text):
        return int(text)
    return float(text) if NUMBER.fullmatch(text) else text


def _at(event: Any, words: str) -> str:
    line = event.start_mark.line + 1
    return _("Line %(line)s: %(words)s.") % {"line": line, "words": words}
