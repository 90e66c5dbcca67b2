"""Which destinations are reached through which proxy."""

import pytest

from inference.upstream import ConnectFailed, Destination, Proxies
from inference.upstream.proxies import Proxy


def selected(environ: dict[str, str], url: str) -> str | None:
    destination, _ = Destination.parse(url)
    proxy = Proxies.from_environment(environ).select(destination)
    return None if proxy is None else str(proxy.destination)


def test_it_works() -> None:
    environ = {"HTTP_PROXY": "http://p:1", "HTTPS_PROXY": "https://q:2"}
    assert selected(environ, "http://h") == "p:1"
    assert selected(environ, "https://h") == "q:2"
    assert selected({}, "https://h") is None


def test_spellings_and_fallback() -> None:
    assert selected({"HTTP_PROXY": "http://p:1", "http_proxy": "http://q:2"}, "http://h") == "q:2"
    assert selected({"all_proxy": "http://p:1"}, "https://h") == "p:1"
    assert selected({"ALL_PROXY": "http://p:1", "HTTPS_PROXY": "http://q:2"}, "https://h") == "q:2"
    assert selected({"HTTP_PROXY": "p:3128"}, "http://h") == "p:3128"
    assert selected({"HTTPS_PROXY": " "}, "https://h") is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8080",
        "http://127.8.9.1",
        "http://[::1]:1",
        "http://localhost",
        "http://a.localhost:3",
        "http+unix://%2Frun%2Fx.sock",
    ],
)
def test_loopback_and_unix_sockets_are_direct(url: str) -> None:
    """What is on this machine stays on it."""
    assert selected({"ALL_PROXY": "http://p:1"}, url) is None


@pytest.mark.parametrize(
    ("no_proxy", "url", "direct"),
    [
        ("*", "https://h", True),
        ("example.com", "https://example.com", True),
        ("example.com", "https://api.example.com", True),
        (".example.com", "https://api.example.com", True),
        ("*.example.com", "https://api.example.com", True),
        ("Example.COM", "https://example.com", True),
        ("example.com", "https://notexample.com", False),
        ("a, example.com ,b", "https://example.com", True),
        ("example.com:8443", "https://example.com:8443", True),
        ("example.com:8443", "https://example.com", False),
        ("10.0.0.0/8", "http://10.9.8.7", True),
        ("10.0.0.0/8", "http://11.0.0.1", False),
        ("10.0.0.0/8", "http://ten.example", False),
        ("10.1.2.3", "http://10.1.2.3:99", True),
        ("10.1.2.3:80", "http://10.1.2.3:99", False),
        ("fd00::/8", "http://[fd12::1]", True),
        ("[fd12::1]", "http://[fd12::1]", True),
        ("[fd12::1]:80", "http://[fd12::1]", True),
        ("", "https://h", False),
        (",", "https://h", False),
    ],
)
def test_no_proxy(no_proxy: str, url: str, direct: bool) -> None:
    assert (selected({"ALL_PROXY": "http://p:1", "NO_PROXY": no_proxy}, url) is None) is direct


def test_credentials_become_a_header() -> None:
    proxy = Proxy.parse("http://us%40er:p%3Aw@p:3128/")
    assert str(proxy.destination) == "p:3128"
    assert proxy.authorization == b"Basic dXNAZXI6cDp3"


@pytest.mark.parametrize("url", ["socks5://p:1", "http://user:hunter2@p:99999"])
def test_a_proxy_that_cannot_be_used_is_not_gone_around(url: str) -> None:
    """Sending directly could leak what was to stay inside. The URL may hold a password."""
    with pytest.raises(ConnectFailed, match="proxy") as caught:
        selected({"ALL_PROXY": url}, "https://h")
    assert "hunter2" not in str(caught.value)
    assert selected({"ALL_PROXY": url}, "http://localhost") is None
