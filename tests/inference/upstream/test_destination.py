"""Base URLs, and the destinations they name."""

import pytest

from inference.upstream import Destination


@pytest.mark.parametrize(
    ("url", "destination", "path", "host_header"),
    [
        ("https://a.example.com/v1", ("https", "a.example.com", 443), "/v1", b"a.example.com"),
        ("https://A.Example.com", ("https", "a.example.com", 443), "", b"a.example.com"),
        ("http://localhost:8080/", ("http", "localhost", 8080), "", b"localhost:8080"),
        ("http://h:80/a/b//", ("http", "h", 80), "/a/b", b"h"),
        ("https://h:80/v1/", ("https", "h", 80), "/v1", b"h:80"),
        ("http://[::1]:8080/v1", ("http", "::1", 8080), "/v1", b"[::1]:8080"),
        ("https://[2001:DB8:0::5]", ("https", "2001:db8::5", 443), "", b"[2001:db8::5]"),
        ("http://my_service:9/v1", ("http", "my_service", 9), "/v1", b"my_service:9"),
        ("http://bücher.example/ü", ("http", "xn--bcher-kva.example", 80), "/%C3%BC",
         b"xn--bcher-kva.example"),
        ("http://h/openai/deployments/gpt-4%20x", ("http", "h", 80),
         "/openai/deployments/gpt-4%20x", b"h"),
    ],
)  # fmt: skip
def test_it_works(
    url: str, destination: tuple[str, str, int], path: str, host_header: bytes
) -> None:
    parsed, base = Destination.parse(url)
    assert parsed == Destination(*destination)
    assert base == path
    assert parsed.host_header == host_header
    assert str(parsed) == host_header.decode()


def test_a_unix_socket() -> None:
    """Messages name it, and not where it lies."""
    parsed, base = Destination.parse("http+unix://%2Frun%2FMlx%2Fserver.sock/v1/")
    assert parsed == Destination("http", "localhost", 80, "/run/Mlx/server.sock")
    assert (base, parsed.host_header, str(parsed)) == (
        "/v1",
        b"localhost",
        "the socket server.sock",
    )


def test_equal_destinations_are_one_key() -> None:
    one, _ = Destination.parse("http://a:1/x")
    two, _ = Destination.parse("http://A:1/y")
    assert {one: 1}[two] == 1
    assert one != Destination("http", "a", 1, "/socket")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "must start with"),
        ("api.example.com/v1", "must start with"),
        ("ftp://h", "must start with"),
        ("file:///etc/passwd", "must start with"),
        ("https+unix://%2Fs", "must start with"),
        ("http:///v1", "no host"),
        ("http://:80", "no host"),
        ("http://user:pw@h/", "user name"),
        ("http://user@h/", "user name"),
        ("http://h/v1?key=1", "query"),
        ("http://h/v1#x", "fragment"),
        ("http://h/v1?", "query"),
        ("http://h:0", "port"),
        ("http://h:65536", "port"),
        ("http://h:8o", "port"),
        ("http://h:٣", "port"),
        ("http://h:+80", "port"),
        ("http://h /", "space"),
        ("http://h\r\nx: y/", "control"),
        ("http://h/\tv1", "control"),
        ("http://good\\@evil/", "backslash"),
        ("http://[::1", "not valid"),
        ("http://[::g]", "IPv6"),
        ("http://[fd00::1%eth0]", "zone"),
        ("http://::1:8080", "not valid"),
        ("http://a..b", "not valid"),
        ("http://-a", "not valid"),
        ("http://a%2Fb", "not valid"),
        ("http://" + "a" * 254, "not valid"),
        ("http+unix://run%2Fx.sock", "absolute path"),
        ("http+unix:///run/x.sock", "absolute path"),
    ],
)
def test_bad_urls_are_refused_with_a_sentence(url: str, says: str) -> None:
    with pytest.raises(ValueError, match=says) as caught:
        Destination.parse(url)
    assert str(caught.value).endswith(".")
