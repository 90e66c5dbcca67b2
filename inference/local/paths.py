"""Paths of this machine in other programs' messages, which callers must not be told."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

_PATH: Final = re.compile(
    r"""
      (?P<quote>['"`])(?P<quoted>~?/[^'"`\n]*)(?P=quote)  # may hold spaces
    | (?<![\w/:.~])(?P<bare>~?/(?=[^\s/])[^\s'"`<>|:;,()\[\]{}]*)
    """,
    re.VERBOSE,
)


def without_paths(text: str, *known: str) -> str:
    """`text` with every absolute path cut down to its last part: a file's or a model's name.

    Paths with spaces are recognised in quotes, or when they begin with one of `known`, folders
    without a slash at their end. Addresses of the web stay as they are.
    """
    for folder in known:
        if folder.strip("/"):
            text = text.replace(f"{folder}/", "").replace(folder, PurePosixPath(folder).name)
    return _PATH.sub(_name, text)


def _name(found: re.Match[str]) -> str:
    quote, path = found["quote"] or "", found["quoted"] or found["bare"]
    kept = path.rstrip("/.")
    dots = path[len(kept) :].replace("/", "")
    return f"{quote}{PurePosixPath(kept).name}{dots}{quote}"
