"""A model of a hub, where one can be reached: resumed where it broke off, checked by its digests.

`HF_ENDPOINT` names another hub than the usual one, `HF_TOKEN` who asks. The library does the
downloading; it is imported here alone, by whoever adds a model.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from inference.local.store.errors import CannotAdd
from inference.local.store.files import belonging
from inference.local.store.room import DiskRoom, readable_bytes, size_of
from inference.local.store.source import ModelSource

Progress = Callable[[str, float | None], None]
_EVERY: Final = 0.5
"""Seconds between two looks at how far a download is."""


def fetch(source: ModelSource, folder: Path, room: DiskRoom, progress: Progress) -> None:
    """Puts the repository's model into `folder`. Raises CannotAdd; what has come stays there."""
    hub = _library()
    try:
        progress("asking the hub", None)
        found = hub.HfApi().model_info(source.place, files_metadata=True)
        sizes = {item.rfilename: item for item in found.siblings or ()}
        names = belonging(sizes, source.file)
        total = sum(sizes[name].size or 0 for name in names)
        room.check(total - size_of(folder))
        with _watched(folder, total, progress):
            for name in names:
                hub.hf_hub_download(
                    source.place, name, revision=found.sha, local_dir=folder, etag_timeout=30
                )
        progress("checking the download", None)
        for name in names:
            _check(folder / name, sizes[name])
            _flatten(folder, name)
    except hub.errors.RepositoryNotFoundError as error:
        raise CannotAdd(
            f"The hub has no {source.place}, or it needs a token (HF_TOKEN)."
        ) from error
    except hub.errors.GatedRepoError as error:
        raise CannotAdd(f"{source.place} is given out only to who has asked for it.") from error
    except (hub.errors.HfHubHTTPError, hub.errors.OfflineModeIsEnabled) as error:
        raise _out_of_reach(source, error) from error
    except hub.errors.LocalEntryNotFoundError as error:
        raise _out_of_reach(source, error) from error
    except Exception as error:
        if isinstance(error, CannotAdd | OSError):
            raise
        # The library's HTTP client has errors of its own, and may be another in a later release.
        raise _out_of_reach(source, error) from error


def _library() -> Any:
    try:
        import huggingface_hub
        import huggingface_hub.errors
        from huggingface_hub.utils.tqdm import disable_progress_bars
    except ImportError as error:
        raise CannotAdd(
            "Models of a hub are fetched with the package huggingface-hub: `make setup` brings it."
        ) from error
    # It draws bars on standard error.
    disable_progress_bars()
    return huggingface_hub


def _out_of_reach(source: ModelSource, error: Exception) -> CannotAdd:
    words = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    return CannotAdd(
        f"The hub cannot be reached for {source.place} ({words}). What has come is kept: the same "
        "command goes on where it broke off. HF_ENDPOINT names another hub."
    )


@contextmanager
def _watched(folder: Path, total: int, progress: Progress) -> Iterator[None]:
    """Tells how far it is, by the bytes that lie there."""
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(_EVERY):
            there = size_of(folder)
            progress(f"downloading {readable_bytes(total)}", min(there / max(total, 1), 1.0))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def _check(path: Path, told: Any) -> None:
    """A file that is not what the hub says is deleted, so that the next call fetches it anew."""
    digest = told.lfs.sha256 if told.lfs is not None else None
    with path.open("rb") as file:
        right = path.stat().st_size == (told.size or path.stat().st_size) and (
            digest is None or hashlib.file_digest(file, "sha256").hexdigest() == digest
        )
    if not right:
        path.unlink()
        raise CannotAdd(f"{path.name} came damaged and was removed: the same command tries again.")


def _flatten(folder: Path, name: str) -> None:
    """A GGUF file in a folder of its repository lies beside the others here."""
    if "/" in name:
        (folder / name).rename(folder / Path(name).name)
        for parent in Path(name).parents:
            if parent != Path() and not any((folder / parent).iterdir()):
                (folder / parent).rmdir()
