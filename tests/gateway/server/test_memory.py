"""What the environment of web processes says of their memory."""

from __future__ import annotations

from gateway.server.memory import with_huge_pages

OURS = "glibc.malloc.hugetlb=1"


def test_what_an_operator_set_stays() -> None:
    assert with_huge_pages({}) == {"GLIBC_TUNABLES": OURS}
    theirs = "glibc.malloc.tcache_count=3"
    assert with_huge_pages({"GLIBC_TUNABLES": theirs}) == {"GLIBC_TUNABLES": f"{theirs}:{OURS}"}
    assert with_huge_pages({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}) == {}
