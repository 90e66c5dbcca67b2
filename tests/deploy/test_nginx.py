"""The proxy's file as it is shipped, in a real nginx before the real service."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.support import openai_shapes as shapes
from tests.support.eventually import eventually
from tests.support.installation import ROOT, Installation
from tests.support.upstream import Sse, Upstream

NGINX = shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed")


@dataclass(frozen=True)
class Proxied:
    plain: str
    secure: str
    trust: ssl.SSLContext
    service: Installation


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    folder = tmp_path_factory.mktemp("nginx")
    _certificate(folder)
    plain, secure = _free_port(), _free_port()
    variables = {
        "POINTSMAN_HTTPS": "true",
        "POINTSMAN_TRUST_PROXY": "true",
        "POINTSMAN_EXPOSED": "true",
        "POINTSMAN_ALLOWED_HOSTS": "localhost",
        "POINTSMAN_TRUSTED_ORIGINS": f"https://localhost:{secure}",
    }
    for name in variables:
        assert name in _shipped(), f"{name} is needed and not named"
    with Installation(folder / "data", "--no-model", **variables) as service:
        upstream = urlsplit(service.url).port
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
            f"events {{}}\nhttp {{ access_log off; client_body_temp_path {folder}/body;\n"
            + _shipped()
            .replace("gateway.example.com.pem", "cert.pem")
            .replace("/etc/ssl/private/gateway.example.com.key", f"{folder}/key.pem")
            .replace("/etc/ssl/cert.pem", f"{folder}/cert.pem")
            .replace("gateway.example.com", "localhost")
            .replace("127.0.0.1:8000", f"127.0.0.1:{upstream}")
            .replace("listen 80;", f"listen 127.0.0.1:{plain};")
            .replace("listen 443 ssl", f"listen 127.0.0.1:{secure} ssl")
            .replace("https://$host$request_uri", f"https://$host:{secure}$request_uri")
            .replace("Host $host;", "Host $http_host;")
            + "}\n"
        )
        command = [str(NGINX), "-e", f"{folder}/error.log", "-c", f"{folder}/nginx.conf"]
        process = subprocess.Popen(command)
        try:
            eventually(lambda: _listens(secure))
            trust = ssl.create_default_context(cafile=folder / "cert.pem")
            yield Proxied(
                f"http://localhost:{plain}", f"https://localhost:{secure}", trust, service
            )
        finally:
            process.terminate()
            process.wait(10)


def test_people_are_led_to_tls_and_keys_are_not(proxied: Proxied) -> None:
    led = httpx.get(f"{proxied.plain}/admin/login/")
    assert (led.status_code, led.headers["location"]) == (301, f"{proxied.secure}/admin/login/")
    key = {"Authorization": f"Bearer {proxied.service.api_key}"}
    assert httpx.post(f"{proxied.plain}/v1/chat/completions", headers=key).status_code == 403


def test_an_administrator_signs_in(proxied: Proxied) -> None:
    with httpx.Client(base_url=proxied.secure, verify=proxied.trust, timeout=30) as browser:
        page = browser.get("/admin/login/")
        assert page.status_code == 200
        assert "Secure" in page.headers["set-cookie"]
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
        assert found
        form = {
            "username": "admin",
            "password": proxied.service.password,
            "csrfmiddlewaretoken": found[1],
        }
        entered = browser.post(
            "/admin/login/", data=form, headers={"Referer": f"{proxied.secure}/admin/login/"}
        )
        assert entered.status_code == 302, entered.text
        # Others can reach it: the generated password is changed first.
        assert "password" in browser.get("/admin/", follow_redirects=True).url.path


def test_a_stream_comes_piece_by_piece_and_ends_with_its_caller(proxied: Proxied) -> None:
    """Through a proxy that gathers, nothing of a stream that goes on for ever would arrive."""
    with (
        Upstream(Sse(shapes.stream("Par", "is")[:2], then="hang")) as upstream,
        httpx.Client(
            base_url=proxied.secure,
            verify=proxied.trust,
            headers={"Authorization": f"Bearer {proxied.service.api_key}"},
            timeout=30,
        ) as caller,
    ):
        provider = {
            "name": "cloud", "kind": "openai", "base_url": upstream.base_url, "is_local": True,
        }  # fmt: skip
        assert caller.post("/api/governance/providers", json=provider).status_code == 201
        target = {"provider": "cloud", "model": "m"}
        profile = {"name": "Writing", "virtual_provider": "writing", "targets": [target]}
        made = caller.post("/api/governance/routing-profiles", json=profile)
        assert made.status_code == 201, made.text
        body = {
            "model": "writing/any",
            "stream": True,
            "messages": [{"role": "user", "content": "hi"}],
        }
        with caller.stream("POST", "/v1/chat/completions", json=body) as answer:
            assert answer.status_code == 200
            assert any("Par" in line for line in answer.iter_lines())
        eventually(lambda: upstream.asked[0].left_at is not None)


def test_the_address_of_a_caller_is_the_proxys_word(proxied: Proxied) -> None:
    key = {
        "Authorization": f"Bearer {proxied.service.api_key}",
        # What a caller says of itself stands before what the proxy adds.
        "X-Forwarded-For": "203.0.113.9",
    }
    with httpx.Client(base_url=proxied.secure, verify=proxied.trust, headers=key) as caller:
        group = caller.post("/api/governance/groups", json={"name": "Team"})
        assert group.status_code == 201, group.text
        seen = caller.get("/api/governance/audit?object_type=group").json()
        assert [one["address"] for one in seen["audit"]] == ["127.0.0.1"]


def _shipped() -> str:
    return (ROOT / "deploy" / "nginx.conf").read_text()


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _certificate(folder: Path) -> None:
    """A certificate for `localhost` that vouches for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
