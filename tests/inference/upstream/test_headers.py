import pytest

from inference.upstream import header_block


def test_it_works() -> None:
    block = header_block([("Authorization", "Bearer k"), (b"X-A", b" 1 ")])
    assert block == b"authorization: Bearer k\r\nx-a: 1\r\naccept-encoding: identity\r\n"


def test_the_accept_encoding_is_the_callers_when_there_is_one() -> None:
    assert header_block([("Accept-Encoding", "gzip")]) == b"accept-encoding: gzip\r\n"
    assert header_block([], accept_encoding=None) == b""


@pytest.mark.parametrize("value", ["a\r\nx: y", "a\nb", "a\0b", "\x7f"])
def test_values_cannot_end_the_line(value: str) -> None:
    with pytest.raises(ValueError, match="control character"):
        header_block([("x-a", value)])


@pytest.mark.parametrize("name", ["", "a b", "a:", "a\r\n", "ä"])
def test_names_are_tokens(name: str) -> None:
    with pytest.raises(ValueError, match="not a header name"):
        header_block([(name, "1")])


@pytest.mark.parametrize("name", ["Host", "content-length", "Transfer-Encoding"])
def test_framing_is_the_clients(name: str) -> None:
    """Two lengths would let the request be read in two ways."""
    with pytest.raises(ValueError, match="set by the client"):
        header_block([(name, "1")])


def test_errors_do_not_repeat_the_value() -> None:
    """It may be a key."""
    with pytest.raises(ValueError, match="authorization") as caught:
        header_block([("authorization", "secret\n")])
    assert "secret" not in str(caught.value)
