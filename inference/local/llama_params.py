"""What llama.cpp is started with, whatever its model is for."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

from inference.local.llama_library import xllamacpp


def cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def inner_path(options: argparse.Namespace) -> str:
    """Where llama.cpp's own HTTP listens, beside the worker's socket. Its name must end so for
    llama.cpp to take it for a path."""
    return f"{options.socket.with_suffix('')}-inner.sock"


def inner_socket(options: argparse.Namespace) -> str:
    """The path, with nothing there."""
    inner = inner_path(options)
    with suppress(FileNotFoundError):
        os.unlink(inner)
    return inner


def common_params(
    options: argparse.Namespace,
    inner: str,
    tokens: int,
    step: int,
    projector: Path | None = None,
) -> Any:
    """`tokens` are cells of the cache, `step` the tokens computed at a time. With a `projector`
    the model reads images."""
    params = xllamacpp.CommonParams()
    params.model.path = str(options.model_dir)
    if projector is not None:
        params.mmproj.path = str(projector)
    params.hostnames = [inner]
    params.verbosity = 1  # errors, to standard error
    params.n_ctx = tokens
    params.n_parallel = options.max_batch
    params.kv_unified = True
    params.fit_params = False
    params.n_batch = params.n_ubatch = step
    for threads in (params.cpuparams, params.cpuparams_batch):
        threads.n_threads = cores()
    return params
