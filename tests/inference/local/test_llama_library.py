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
            print(os.environ.get("OMP_WAIT_POLICY"), os.environ.get("GOMP_SPINCOUNT"))

sys.meta_path.insert(0, Watch())
importlib.import_module(sys.argv[1])
"""


SETTINGS = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT")


def seen_by_openmp(module: str, **chosen: str) -> str:
    """Its settings when llama.cpp is loaded, where the environment has those that are `chosen`."""
    environment = {name: text for name, text in os.environ.items() if name not in SETTINGS}
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, module],
        env=environment | chosen,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize(
    "module",
    [
        "inference.local.runtimes.llama_cpp",
        "inference.local.llama_pooling",
        "inference.local.llama_params",
    ],
)
def test_its_threads_sleep_when_they_have_waited_for_a_moment(module: str) -> None:
    assert seen_by_openmp(module) == "passive 300"


def test_an_operator_s_choice_stands() -> None:
    module = "inference.local.llama_params"
    assert seen_by_openmp(module, OMP_WAIT_POLICY="active") == "active None"
    assert seen_by_openmp(module, GOMP_SPINCOUNT="0") == "passive 0"
