"""The environment a worker process gets."""

from pathlib import Path

from inference.local.environment import OFFLINE, find_openblas, worker_environment
from inference.local.memory import available_memory

BLAS = "/usr/lib/x86_64-linux-gnu/libopenblas.so.0"


def preload(
    environ: dict[str, str], platform: str = "linux", blas: str | None = BLAS
) -> str | None:
    """LD_PRELOAD of the worker."""
    return worker_environment(environ, platform=platform, find=lambda: blas).get("LD_PRELOAD")


def test_openblas_is_preloaded_on_linux() -> None:
    assert preload({}) == BLAS
    assert preload({"LD_PRELOAD": "/lib/other.so"}) == f"{BLAS}:/lib/other.so"


def test_not_where_it_is_not_installed_nor_elsewhere() -> None:
    assert preload({}, blas=None) is None
    assert preload({}, platform="darwin") is None


def test_a_fast_library_that_is_preloaded_already_stays() -> None:
    for library in ("/opt/libopenblas.so", "/opt/libmkl_rt.so"):
        assert preload({"LD_PRELOAD": library}) == library


def test_the_rest_is_kept_and_nothing_asks_the_network() -> None:
    before = {"HOME": "/home/x", "HF_HUB_OFFLINE": "0"}
    after = worker_environment(before, platform="darwin")
    assert after == {"HOME": "/home/x", **OFFLINE}
    assert before == {"HOME": "/home/x", "HF_HUB_OFFLINE": "0"}


def test_openblas_is_found_by_path_before_name(tmp_path: Path) -> None:
    """In a folder of a distribution, one that the linker was told of, or by name."""

    def find(pattern: str, by_name: str | None = None, **environ: str) -> str | None:
        return find_openblas([str(tmp_path / pattern)], lambda name: by_name, environ)

    for place in ("a-linux-gnu/openblas-pthread/libopenblas.so.0", "told/libopenblas.so.3"):
        (tmp_path / place).parent.mkdir(parents=True)
        (tmp_path / place).touch()
    distribution = find("*-linux-gnu/openblas*", by_name="libopenblas.so")
    assert distribution == str(tmp_path / "a-linux-gnu/openblas-pthread/libopenblas.so.0")
    told = find("none", LD_LIBRARY_PATH=f"/nowhere:{tmp_path}/told")
    assert told == str(tmp_path / "told/libopenblas.so.3")
    assert find("none", by_name="libopenblas.so") == "libopenblas.so"
    assert find("none") is None


def test_available_memory(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9 kB\nMemAvailable:    2048 kB\n")
    assert available_memory(meminfo, tmp_path) == 2 * 2**20
    (tmp_path / "memory.current").write_text("1000\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert available_memory(meminfo, tmp_path) == 2 * 2**20
    (tmp_path / "memory.max").write_text("5000\n")
    assert available_memory(meminfo, tmp_path) == 4000
    assert (available_memory(tmp_path / "missing", tmp_path / "missing") or 0) > 0
