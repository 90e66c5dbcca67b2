"""Hosts that may not be upstreams, in every spelling a resolver accepts."""

import ipaddress
import socket

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from governance.routing.addresses import forbidden_address
from inference.upstream import ConnectFailed
from inference.upstream.destination_guard import refuse_forbidden


@pytest.mark.parametrize(
    "host",
    [
        "169.254.169.254",
        "169.254.0.1",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "FD00:EC2:0:0:0:0:0:254",
        "[fd00:ec2::254]",
        "fd20:ce::254",
        "fe80::1",
        "fe80::1%eth0",
        "febf::1",
        "0.0.0.0",
        "0.1.2.3",
        "0",
        "::",
        "[::]",
        "224.0.0.1",
        "239.255.255.255",
        "ff02::1",
        "255.255.255.255",
        "240.0.0.1",
        "metadata.google.internal",
        "Metadata.Google.Internal.",
        "x.metadata.google.internal",
        "metadata",
        "instance-data",
        # Disguises of 169.254.169.254
        "2852039166",
        "0xA9FEA9FE",
        "025177524776",
        "0251.0376.0251.0376",
        "0xa9.0xfe.0xa9.0xfe",
        "169.254.43518",
        "169.16689662",
        "0xa9.254.0251.254",
        "169.254.169.254.",
        "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe",
        "[::ffff:a9fe:a9fe]",
        "::169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::1",
        "\uff11\uff16\uff19.\uff12\uff15\uff14.\uff11\uff16\uff19.254",
        "169\u3002254\uff0e169\uff61254",
        "\u2460\u2465\u2468.254.169.254",
        " 169.254.169.254 ",
        # Disguises of others
        "::ffff:0.0.0.0",
        "::ffff:100.100.100.200",
        "0x64.0x64.0x64.0xc8",
        "3758096385",
    ],
)
def test_forbidden(host: str) -> None:
    assert forbidden_address(host) is not None


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.0.0.1",
        "127.1",
        "2130706433",
        "::1",
        "[::1]",
        "::ffff:127.0.0.1",
        "10.0.0.7",
        "172.16.3.4",
        "192.168.1.20",
        "100.64.0.1",
        "::ffff:10.0.0.7",
        "fd12:3456::1",
        "api.openai.com",
        "host.docker.internal",
        "8.8.8.8",
        "2606:4700::1111",
        "my_service",
        "metadata.example.com",
        "cafe",
        "face.b00c",
        "999.999.999.999",
    ],
)
def test_allowed(host: str) -> None:
    """Public, private and loopback addresses, and names that only look like numbers."""
    assert forbidden_address(host) is None


BLOCKS = [
    ipaddress.ip_network(block)
    for block in ("0.0.0.0/8", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4")
]


@given(
    st.one_of(
        [st.integers(int(block.network_address), int(block.broadcast_address)) for block in BLOCKS]
    ),
    st.lists(st.sampled_from(["{:d}", "{:#x}", "0{:o}"]), min_size=4, max_size=4),
    st.integers(1, 4),
)
@example(0xA9FEA9FE, ["{:d}"] * 4, 4)
def test_no_numeric_spelling_helps(number: int, forms: list[str], parts: int) -> None:
    """The resolver reads one to four numbers in three bases; the last takes what is left."""
    octets = [number >> 24, number >> 16 & 255, number >> 8 & 255, number & 255]
    last = number & ((1 << 8 * (5 - parts)) - 1)
    numbers = [*octets[: parts - 1], last]
    text = ".".join(form.format(value) for form, value in zip(forms, numbers, strict=False))
    assert socket.inet_aton(text) == number.to_bytes(4, "big")
    assert forbidden_address(text) is not None
    assert forbidden_address(f"::ffff:{number >> 16:x}:{number & 0xFFFF:x}") is not None


def test_the_sentence_names_host_and_address() -> None:
    with pytest.raises(ConnectFailed) as caught:
        refuse_forbidden("models.example.com", "169.254.169.254")
    assert str(caught.value) == (
        "Refused to connect: models.example.com resolved to 169.254.169.254, "
        "which is the metadata service of a cloud."
    )
    refuse_forbidden("models.example.com", "192.168.1.2")
