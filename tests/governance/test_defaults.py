"""The embedded defaults are made once, and never again."""

from __future__ import annotations

import io

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import call_command
from django.core.management.base import CommandError

from governance import keys, services, snapshot
from governance.defaults import EMBEDDED_MODEL, load_embedded_defaults
from governance.models import ApiKey, HeuristicRule, Provider, RoutingProfile
from tests.governance.conftest import provider_document

pytestmark = pytest.mark.django_db


def test_it_works() -> None:
    made = load_embedded_defaults(with_model=True)
    assert authenticate(username=made.username, password=made.password) is not None
    table = snapshot.refresh()
    virtual_key = table.virtual_keys[keys.digest(made.api_key)]
    assert (virtual_key.name, len(virtual_key.scopes)) == ("default", 4)
    assert table.default is table.local_default is table.providers["mlx"]
    assert table.by_virtual_provider["light"].targets[0].model == EMBEDDED_MODEL
    assert [rule.profile for rule in table.rules] == ["capable", "fast"]
    assert made.password not in repr(made)


def test_what_was_deleted_does_not_come_back() -> None:
    load_embedded_defaults(with_model=True)
    services.delete_profile("light", who="ann")
    services.delete_provider("mlx", who="ann")
    services.delete_key(ApiKey.objects.get().pk, who="ann")
    HeuristicRule.objects.all().delete()
    get_user_model().objects.all().delete()
    again = load_embedded_defaults(with_model=True)
    assert (again.password, again.api_key) == ("", "")
    assert not RoutingProfile.objects.exists()
    assert not Provider.objects.exists()
    assert not get_user_model().objects.exists()


def test_the_model_comes_with_the_first_start_that_wants_it() -> None:
    load_embedded_defaults(with_model=False)
    assert not Provider.objects.exists()
    again = load_embedded_defaults(with_model=True)
    assert (again.password, again.api_key) == ("", "")
    assert RoutingProfile.objects.get().pk == "light"


def test_what_is_there_already_stays() -> None:
    get_user_model().objects.create_superuser("root", password="x")
    services.save_provider(provider_document("mlx"), who="ann")
    made = load_embedded_defaults(with_model=True)
    assert (made.username, made.password) == ("root", "")
    assert Provider.objects.get().kind == "openai"


def test_create_api_key_prints_the_key_alone() -> None:
    out = io.StringIO()
    call_command("create_api_key", "ci", "--scopes", "inference, governance:read", stdout=out)
    (line,) = out.getvalue().splitlines()
    virtual_key = snapshot.refresh().virtual_keys[keys.digest(line)]
    assert virtual_key.scopes == {"inference", "governance:read"}


def test_create_api_key_refuses_unknown_scopes() -> None:
    with pytest.raises(CommandError, match="must be inference, governance:read"):
        call_command("create_api_key", "ci", "--scopes", "root")
