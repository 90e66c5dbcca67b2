"""The table follows the rows: at once in this process, soon in others, whatever goes wrong."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks

from governance import keys, last_good, load_table, services, snapshot
from governance.models import ApiKey, Revision, RoutingProfile, RoutingTarget, TableVersion
from governance.routing.table import RoutingTable
from tests.governance.conftest import profile_document, provider_document
from tests.support.eventually import eventually


@pytest.mark.django_db
def test_it_works() -> None:
    services.save_provider(
        provider_document(api_key="s3cret", extra_headers={"X-Org": "acme"}), who="ann"
    )
    services.save_profile(profile_document(), who="ann")
    key, secret = services.create_key(
        {"name": "ci", "scopes": ["inference"], "routing_profile": "light", "priority": "low"},
        who="ann",
    )
    services.save_rule({"name": "r", "profile": "light"}, who="ann")
    services.save_mapping(
        {"pattern": "gpt-.*", "match": "regex", "destination": "light/small"}, who="ann"
    )
    table = snapshot.refresh()
    assert table is snapshot.current()
    assert table.providers["fast"].api_key == "s3cret"
    assert table.providers["fast"].extra_headers == (("X-Org", "acme"),)
    assert table.profiles["light"].targets[0].model == "m-1"
    virtual_key = table.virtual_keys[keys.digest(secret)]
    assert (virtual_key.id, virtual_key.profile, virtual_key.priority) == (
        key.document["id"],
        "light",
        "low",
    )
    assert [rule.name for rule in table.rules] == ["r"]
    test = table.mappings[0].test
    assert test is not None
    assert test("gpt-4o")
    assert not test("a gpt-4o")
    assert not test("gpt-\ud800")


@pytest.mark.django_db
def test_reading_it_asks_nobody() -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        snapshot.current()
    assert len(queries) == 0


@pytest.mark.django_db
def test_a_commit_puts_the_new_table_in_force(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        services.save_profile(profile_document(), who="ann")
    assert "light" in snapshot.current().profiles


@pytest.mark.django_db
def test_only_the_section_that_changed_is_read() -> None:
    """What did not change is the very same object, and the queries do not touch its table."""
    services.save_provider(provider_document(), who="ann")
    services.create_key({"name": "ci", "scopes": ["inference"]}, who="ann")
    services.save_profile(profile_document("a"), who="ann")
    services.save_profile(profile_document("b"), who="ann")
    before = snapshot.refresh()
    services.save_profile(profile_document("a", strategy="weighted"), who="ann", existing="a")
    with CaptureQueriesContext(connection) as queries:
        after = snapshot.refresh()
    assert after.profiles["a"].strategy == "weighted"
    assert after.profiles["b"] is before.profiles["b"]
    assert after.providers["fast"] is before.providers["fast"]
    assert not any("apikey" in query["sql"] for query in queries)
    with CaptureQueriesContext(connection) as queries:
        snapshot.refresh()
    assert len(queries) == 1


@pytest.mark.django_db
def test_what_was_deleted_is_gone() -> None:
    _, secret = services.create_key({"name": "ci", "scopes": ["inference"]}, who="ann")
    services.save_profile(profile_document("a"), who="ann")
    snapshot.refresh()
    services.delete_profile("a", who="ann")
    services.save_profile(profile_document("b"), who="ann")
    services.delete_key(ApiKey.objects.get().pk, who="ann")
    table = snapshot.refresh()
    assert list(table.profiles) == ["b"]
    assert keys.digest(secret) not in table.virtual_keys


@pytest.mark.django_db
def test_a_database_that_was_restored_is_read_anew() -> None:
    """After a restore the same version number may stand for other rows."""
    services.save_profile(profile_document("a"), who="ann")
    snapshot.refresh()
    RoutingProfile.objects.all().delete()
    Revision.objects.all().delete()
    TableVersion.objects.all().delete()
    services.save_profile(profile_document("b"), who="ann")
    services.save_profile(profile_document("c"), who="ann")
    assert set(snapshot.refresh().profiles) == {"b", "c"}


@pytest.mark.django_db
def test_a_table_that_does_not_compile_leaves_the_last_good_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    services.save_profile(profile_document("a"), who="ann")
    good = snapshot.refresh()
    with monkeypatch.context() as broken:
        broken.setattr(snapshot, "compile_table", lambda **_: 1 / 0)
        services.save_profile(profile_document("c"), who="ann")
        assert snapshot.refresh() is good
        assert snapshot.ready()
        assert snapshot.stale()
    services.save_profile(profile_document("b"), who="ann")
    assert "b" in snapshot.refresh().profiles
    assert not snapshot.stale()


MODELS: dict[str, dict[str, Any]] = {
    "governance.provider": {"models": 5},
    "governance.routingprofile": {"request_types": 5},
    "governance.apikey": {"scopes": 5},
    "governance.heuristicrule": {"conditions": [{}]},
    "governance.modelmapping": {"match": "regex", "pattern": "("},
}


@pytest.mark.django_db
@pytest.mark.parametrize("label", MODELS)
def test_a_row_that_cannot_be_read_is_out_of_service_alone(label: str) -> None:
    """Written by hand, or by a release that had other rules."""
    services.save_provider(provider_document(), who="ann")
    services.save_profile(profile_document("a"), who="ann")
    services.create_key({"name": "k", "scopes": ["inference"]}, who="ann")
    services.save_rule({"name": "r", "profile": "a"}, who="ann")
    services.save_mapping({"pattern": "m", "destination": "a"}, who="ann")
    snapshot.refresh()
    model = apps.get_model(label)
    spoilt = RoutingTarget if label == "governance.routingprofile" else model
    spoilt.objects.update(**MODELS[label])
    if label in ("governance.routingprofile", "governance.apikey"):
        model.objects.update(changed_in=10_000)
    TableVersion.objects.update(
        version=10_000, providers=10_000, profiles=10_000, keys=10_000, rules=10_000
    )
    table = snapshot.refresh()
    assert list(snapshot.out_of_service()) == [(label, str(model.objects.values_list("pk")[0][0]))]
    left = {
        "governance.provider": len(table.providers),
        "governance.routingprofile": len(table.profiles),
        "governance.apikey": len(table.virtual_keys),
        "governance.heuristicrule": len(table.rules),
        "governance.modelmapping": len(table.mappings),
    }
    assert left == {one: int(one != label) for one in left}
    model.objects.all().delete()
    TableVersion.objects.update(
        version=10_001, providers=10_001, profiles=10_001, keys=10_001, rules=10_001
    )
    snapshot.refresh()
    assert not snapshot.out_of_service()


@pytest.mark.django_db
def test_the_last_good_table_outlives_the_database(
    settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what is secret sealed, and for nobody but this installation and this release."""
    settings.DATA_DIR = tmp_path
    services.save_provider(provider_document(api_key="s3cret"), who="ann")
    services.save_profile(profile_document("a"), who="ann")
    snapshot.refresh()
    monkeypatch.setattr(snapshot._state, "kept", None)
    snapshot.keep()
    file = tmp_path / "table" / "last_good"
    assert file.stat().st_mode & 0o777 == 0o600
    assert b"s3cret" not in file.read_bytes()
    snapshot.install(RoutingTable())
    assert snapshot.restore("No database.")
    assert snapshot.current().providers["fast"].api_key == "s3cret"
    assert set(snapshot.current().profiles) == {"a"}
    assert snapshot.stale() == "No database."
    snapshot.refresh()
    assert snapshot.stale() == ""
    for spoil in (lambda data: data[:-9], lambda data: b"", lambda data: data.replace(b"A", b"B")):
        kept = file.read_bytes()
        file.write_bytes(spoil(kept))
        assert last_good.read() is None
        file.write_bytes(kept)
    monkeypatch.setattr(last_good, "_SHAPE", b"x" * 32)
    assert last_good.read() is None
    settings.ENCRYPTION_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    assert not snapshot.restore("No key.")


@pytest.mark.django_db
def test_a_credential_no_key_opens_leaves_the_rest_in_force(
    settings: pytest.FixtureRequest,
) -> None:
    services.save_provider(provider_document(api_key="s3cret"), who="ann")
    settings.ENCRYPTION_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]  # type: ignore[attr-defined]
    provider = snapshot.refresh().providers["fast"]
    assert provider.api_key == ""
    assert "s3cret" not in repr(provider)


@pytest.mark.django_db(transaction=True)
def test_a_watcher_sees_what_others_commit_and_outlives_an_outage(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    watcher = snapshot.watch(interval=0.01)
    try:
        monkeypatch.setattr(services.change, "snapshot", _Elsewhere)
        services.save_profile(profile_document("a"), who="ann")
        eventually(lambda: "a" in snapshot.current().profiles, 5.0)

        def fail() -> load_table.Version:
            raise DatabaseError("gone")

        with monkeypatch.context() as outage:
            outage.setattr(snapshot, "read_version", fail)
            time.sleep(0.1)
            assert "a" in snapshot.current().profiles
        services.save_profile(profile_document("b"), who="ann")
        eventually(lambda: "b" in snapshot.current().profiles, 5.0)
    finally:
        watcher.stop()


class _Elsewhere:
    """A process that commits without telling this one."""

    @staticmethod
    def publish() -> None:
        pass
