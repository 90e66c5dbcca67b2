"""OpenMP's settings are made before llama.cpp is loaded, whatever part comes first."""

import os
import subprocess
import sys

import pytest

IMPORT = """
import importlib, os, sys

class Watch:
    def find_spec(self, name, *rest):
        if name == "xllamacpp":
            print(os.environ.get("OMP_WAIT_POLICY"))

sys.meta_path.insert(0, Watch())
importlib.import_module(sys.argv[1])
"""


@pytest.mark.parametrize(
    "module",
    [
        "inference.local.runtimes.llama_cpp",
        "inference.local.llama_pooling",
        "inference.local.llama_params",
    ],
)
def test_its_threads_sleep_while_they_wait(module: str) -> None:
    environment = {name: text for name, text in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, module],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "passive\n"
