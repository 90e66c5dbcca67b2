"""No line crosses a page, so nobody ever sees half of one."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from inference.record.pages import PAGE, lay

LINES = st.lists(
    st.integers(3, PAGE + 200).map(lambda n: b'"%b"\n' % (b"x" * (n - 3))), max_size=30
)


def test_it_works() -> None:
    """The second line does not fit behind the first, so the first is padded to the page's end."""
    first, second = b'"%b"\n' % (b"a" * 2000), b'"%b"\n' % (b"b" * 3000)
    laid = lay([first, second], 0)
    assert laid[:PAGE].rstrip() == first.rstrip()
    assert laid[PAGE - 1 : PAGE] == b"\n"
    assert laid[PAGE:] == second


@given(lines=LINES, size=st.integers(0, 3 * PAGE))
def test_every_border_of_a_page_is_the_end_of_a_line(lines: list[bytes], size: int) -> None:
    """What a reader sees up to any border are whole records, then blanks at most."""
    laid = lay(lines, size)
    assert [line.strip() for line in laid.split(b"\n") if line.strip()] == [
        line.strip() for line in lines
    ]
    # Every line of the file is a record: no empty ones.
    assert laid.count(b"\n") == len(lines)
    longest = max(map(len, lines), default=0)
    for border in range(-size % PAGE, len(laid), PAGE):
        tail = laid[:border].rpartition(b"\n")[2]
        assert not tail.strip() or longest > PAGE


@given(lines=LINES)
def test_padding_is_nothing_to_json(lines: list[bytes]) -> None:
    for line, laid in zip(lines, lay(lines, 100).splitlines(), strict=True):
        assert msgspec.json.decode(laid) == msgspec.json.decode(line)
