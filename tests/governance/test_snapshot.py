"""The table follows the rows: at once in this process, soon in others, whatever goes wrong."""

from __future__ import annotations

import time

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks

from governance import keys, load_table, services, snapshot
from governance.models import ApiKey, ModelMapping, Revision, RoutingProfile, TableVersion
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
def test_a_table_that_does_not_compile_leaves_the_last_good_one() -> None:
    services.save_profile(profile_document("a"), who="ann")
    good = snapshot.refresh()
    services.save_mapping({"pattern": "x", "destination": "a"}, who="ann")
    ModelMapping.objects.update(match="regex", pattern="(")
    assert snapshot.refresh() is good
    assert snapshot.ready()
    ModelMapping.objects.update(pattern="x")
    services.save_profile(profile_document("b"), who="ann")
    assert "b" in snapshot.refresh().profiles


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
    def refresh() -> RoutingTable:
        return RoutingTable()
