"""Credentials at rest, and the key ring they are kept with."""

from __future__ import annotations

import io
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.core.management.base import CommandError

from governance import secrets, services, snapshot
from governance.models import Provider
from tests.governance.conftest import provider_document

OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


def test_it_works(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    sealed = secrets.encrypt("ünï")
    assert "ünï" not in sealed
    assert secrets.decrypt(sealed) == "ünï"
    assert (secrets.encrypt(""), secrets.decrypt("")) == ("", "")


def test_any_key_of_the_ring_opens_and_the_first_one_seals(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    sealed = secrets.encrypt("x")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert secrets.decrypt(sealed) == "x"
    rotated = secrets.rotate(sealed)
    settings.ENCRYPTION_KEYS = [NEW]
    assert secrets.decrypt(rotated) == "x"
    assert not secrets.readable(sealed)
    with pytest.raises(secrets.Unreadable):
        secrets.rotate(sealed)


@pytest.mark.parametrize("ring", [[], ["short"], [OLD, "§" * 44]])
def test_a_ring_that_is_none_is_told(settings: Any, ring: list[str]) -> None:
    settings.ENCRYPTION_KEYS = ring
    with pytest.raises(ImproperlyConfigured, match="POINTSMAN_ENCRYPTION_KEYS"):
        secrets.encrypt("x")


@pytest.mark.django_db
def test_credentials_are_rotated(settings: Any) -> None:
    """Afterwards the old key can go, and no running process missed anything."""
    settings.ENCRYPTION_KEYS = [OLD]
    services.save_provider(provider_document(api_key="one", extra_headers={"X-A": "two"}), who="t")
    services.save_provider(provider_document("plain"), who="t")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    out = io.StringIO()
    call_command("rotate_credentials", stdout=out)
    assert "of 1 provider " in out.getvalue()
    settings.ENCRYPTION_KEYS = [NEW]
    held = snapshot.refresh().providers["fast"]
    assert (held.api_key, held.extra_headers) == ("one", (("X-A", "two"),))


@pytest.mark.django_db
def test_credentials_that_no_key_opens_are_named_and_kept(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [OLD]
    services.save_provider(provider_document(api_key="one"), who="t")
    settings.ENCRYPTION_KEYS = [NEW]
    services.save_provider(provider_document("other", api_key="two"), who="t")
    before = Provider.objects.get(name="fast").sealed_api_key
    with pytest.raises(CommandError, match="credentials of fast"):
        call_command("rotate_credentials", stdout=io.StringIO())
    assert Provider.objects.get(name="fast").sealed_api_key == before
