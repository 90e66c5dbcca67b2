"""The environment of a worker process: which BLAS it computes with.

On Linux, MLX's CPU build brings the reference BLAS, whose matrix product is some fifty times slower
than OpenBLAS. Both export the same symbols, so preloading OpenBLAS replaces it without a rebuild.
"""

import ctypes.util
import glob
import os
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

OFFLINE = {
    "HF_HUB_OFFLINE": "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TOKENIZERS_PARALLELISM": "false",
}
"""Keeps the model libraries from asking the network for anything, and from warning about forks."""

NAMES = ("libopenblas.so.0", "libopenblasp.so.0", "libopenblas.so.3", "libopenblas.so")
FOLDERS = (
    "/usr/lib/*-linux-gnu",
    "/usr/lib/*-linux-gnu/openblas*",
    "/usr/lib64",
    "/usr/lib64/openblas*",
    "/usr/lib",
    "/usr/lib/openblas*",
    "/usr/local/lib",
    "/opt/OpenBLAS/lib",
)
"""Of distributions, and of those who build it."""


def find_openblas(
    folders: Iterable[str] = FOLDERS,
    find_library: Callable[[str], str | None] = ctypes.util.find_library,
    environ: Mapping[str, str] = os.environ,
) -> str | None:
    """A path or a name the dynamic linker accepts, or None when OpenBLAS is not installed.

    Also where the linker was told to look, and in this Python's own folder, which is where Conda
    puts libraries.
    """
    told = [one for one in environ.get("LD_LIBRARY_PATH", "").split(":") if one]
    own = [f"{prefix}/lib" for prefix in (sys.prefix, sys.base_prefix)]
    for pattern in (*told, *own, *folders):
        for folder in sorted(glob.glob(pattern)):
            for name in NAMES:
                if (path := Path(folder, name)).exists():
                    return str(path)
    return find_library("openblas")


def worker_environment(
    environ: Mapping[str, str],
    *,
    platform: str = sys.platform,
    find: Callable[[], str | None] = find_openblas,
) -> dict[str, str]:
    """`environ` as a worker process should get it; the argument is left as it was.

    Adds OpenBLAS to LD_PRELOAD on Linux, unless some OpenBLAS or MKL is preloaded already, and
    takes the network away from the model libraries.
    """
    result = {**environ, **OFFLINE}
    if platform != "linux":
        return result
    preloaded = result.get("LD_PRELOAD", "")
    if "openblas" in preloaded or "mkl" in preloaded:
        return result
    library = find()
    if library:
        result["LD_PRELOAD"] = f"{library}:{preloaded}" if preloaded else library
    return result
