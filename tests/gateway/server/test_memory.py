"""What the environment of web processes says of their memory."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from gateway.server.memory import with_huge_pages

OURS = "glibc.malloc.hugetlb=1"


def test_what_an_operator_set_stays() -> None:
    assert with_huge_pages({}) == {"GLIBC_TUNABLES": OURS}
    theirs = "glibc.malloc.tcache_count=3"
    assert with_huge_pages({"GLIBC_TUNABLES": theirs}) == {"GLIBC_TUNABLES": f"{theirs}:{OURS}"}
    assert with_huge_pages({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}) == {}


_BLOCKS = """
import resource
from threading import Thread
from pathlib import Path
from gateway.server.memory import give_back, keep_large_apart

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() >> 20

def measure():
    blocks = [b"x" * 1_100_000 for _ in range(4)]
    del blocks
    before = faults()
    for _ in range(50):
        blocks = [b"x" * 1_100_000 for _ in range(4)]
        del blocks
    told = [faults() - before, resident()]
    blocks = []
    for _ in range(100):
        blocks += [b"x" * 1_100_000, b"x" * 5_000]
    told.append(resident())
    del blocks[::2]
    give_back()
    print(*told, resident())

keep_large_apart()
thread = Thread(target=measure)
thread.start()
thread.join()
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc's allocator")
def test_blocks_of_a_megabyte_are_used_again_and_given_back() -> None:
    """By request after request without a fault for each page; and not for ever. On any thread."""
    done = subprocess.run([sys.executable, "-c", _BLOCKS], check=True, capture_output=True)
    faults, rest, most, after = map(int, done.stdout.split())
    assert faults < 50
    assert most > rest + 80
    assert after < rest + 20
