"""Registries of plug-ins: what the modules of a package define under one name.

A provider kind, a strategy and a limit measure are each a file that defines one frozen value. The
registry imports every module of the package and collects those values, so that adding one is
adding its file. Standard library only.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from governance.texts import gettext


class Named(Protocol):
    """What a registry holds."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def rank(self) -> int:
        """Place among the others where operators choose one; equal ranks go by name."""


T = TypeVar("T", bound=Named)


class Registry(Mapping[str, T], Generic[T]):
    """By name, in the order operators see them.

    It is filled while the process starts. What is registered later holds for what is looked up
    later: whoever kept a value keeps it.
    """

    def __init__(self, attribute: str, entry_type: type[T]) -> None:
        self._attribute = attribute
        self._type = entry_type
        self._entries: dict[str, T] = {}

    def __getitem__(self, name: str) -> T:
        return self._entries[name]

    def get(  # type: ignore[override]  # a default of another type is not asked for
        self, name: str, default: T | None = None, /
    ) -> T | None:
        """As every mapping has it, without an exception for what is missing."""
        return self._entries.get(name, default)

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def discover(self, package: str) -> tuple[T, ...]:
        """Registers what the modules of the package define, and returns it.

        Modules without the attribute are helpers of the others and are passed over.
        """
        found = []
        paths = importlib.import_module(package).__path__
        for module in sorted(pkgutil.iter_modules(paths), key=lambda one: one.name):
            loaded = importlib.import_module(f"{package}.{module.name}")
            entry = vars(loaded).get(self._attribute)
            if entry is not None:
                self.register(entry)
                found.append(entry)
        return tuple(found)

    def register(self, entry: T) -> None:
        """Adds one. Raises `TypeError` for another type, `ValueError` for a name that is taken."""
        if not isinstance(entry, self._type):
            raise TypeError(f"{self._attribute} must be a {self._type.__name__}, not {entry!r}.")
        if self._entries.get(entry.name, entry) != entry:
            raise ValueError(f'{self._attribute} "{entry.name}" is defined twice.')
        entries = [*self._entries.values(), entry]
        ordered = sorted(entries, key=lambda one: (one.rank, one.name))
        self._entries = {one.name: one for one in ordered}

    def unregister(self, name: str) -> None:
        """Takes one away; tests do."""
        self._entries = {key: one for key, one in self._entries.items() if key != name}

    def choices(self) -> list[tuple[str, str]]:
        """Names and labels, as Django's fields take them."""
        return [(one.name, gettext(one.label)) for one in self._entries.values()]
