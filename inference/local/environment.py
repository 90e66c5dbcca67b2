"""The environment of a worker process: which BLAS it computes with.

On Linux, MLX's CPU build brings the reference BLAS, whose matrix product is some fifty times slower
than OpenBLAS. Both export the same symbols, so preloading OpenBLAS replaces it without a rebuild.
"""

import ctypes.util
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

WELL_KNOWN = (
    "/usr/lib/x86_64-linux-gnu/libopenblas.so.0",
    "/usr/lib/aarch64-linux-gnu/libopenblas.so.0",
    "/usr/lib64/libopenblas.so.0",
    "/usr/lib64/libopenblasp.so.0",
    "/usr/lib/libopenblas.so.0",
    "/usr/lib/libopenblas.so.3",
)


def find_openblas(
    paths: Iterable[str] = WELL_KNOWN,
    find_library: Callable[[str], str | None] = ctypes.util.find_library,
) -> str | None:
    """A path or a name the dynamic linker accepts, or None when OpenBLAS is not installed."""
    for path in paths:
        if Path(path).exists():
            return path
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
