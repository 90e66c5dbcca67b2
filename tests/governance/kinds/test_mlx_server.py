"""An `mlx_lm.server` was a provider of kind `mlx` with a base URL; nothing of that is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from governance import services, snapshot
from governance.models import Provider, Revision

OLD = {"name": "mac", "kind": "mlx", "base_url": "http://127.0.0.1:8080/v1"}


@pytest.mark.django_db
def test_an_old_document_is_read_with_a_warning() -> None:
    saved = services.save_provider(OLD, who="ann")
    assert saved.document["kind"] == "mlx_server"
    assert [one.code for one in saved.warnings] == ["renamed"]
    assert snapshot.refresh().providers["mac"].kind == "mlx_server"


@pytest.mark.django_db
def test_an_old_revision_can_be_gone_back_to() -> None:
    services.save_provider(OLD, who="ann")
    first = Revision.objects.latest("version").version
    services.save_provider({**OLD, "default_model": "m"}, who="ann", existing="mac")
    for revision in Revision.objects.all():
        for entry in revision.changes:
            for side in (entry["before"], entry["after"]):
                if side is not None:
                    side["kind"] = "mlx"
        revision.save()
    services.revert(first, who="ann")
    row = Provider.objects.get()
    assert (row.kind, row.default_model) == ("mlx_server", "")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        ({"base_url": "https://gpu.example.com/v1"}, []),
        ({"base_url": "https://gpu.example.com/v1", "is_local": True}, ["public_address"]),
        ({"base_url": "http://192.168.1.7/v1", "is_local": True}, []),
        (
            {"base_url": "https://api.openai.com/v1", "kind": "openai", "is_local": True},
            ["public_address"],
        ),
        ({"base_url": "", "kind": "mlx", "is_local": True}, []),
    ],
)
def test_a_public_address_that_counts_as_local_is_warned_of(
    changes: dict[str, Any], codes: list[str]
) -> None:
    saved = services.save_provider({**OLD, "kind": "mlx_server", **changes}, who="ann")
    assert [one.code for one in saved.warnings] == codes


@pytest.mark.django_db(transaction=True)
def test_rows_are_migrated_there_and_back() -> None:
    executor = MigrationExecutor(connection)
    leaves = executor.loader.graph.leaf_nodes()
    node = executor.loader.graph.node_map["governance", "0006_kinds"]
    (earlier,) = {parent.key for parent in node.parents}
    executor.migrate([earlier])
    try:
        old = executor.loader.project_state([earlier]).apps.get_model("governance", "Provider")
        old.objects.create(name="engine", kind="mlx", is_local=True)
        old.objects.create(name="mac", kind="mlx", base_url="http://10.0.0.7/v1", is_local=True)
        old.objects.create(name="cloud", kind="openai", base_url="https://a.example/v1")
        kinds = {"engine": "mlx", "mac": "mlx_server", "cloud": "openai"}
        MigrationExecutor(connection).migrate([("governance", "0006_kinds")])
        state = executor.loader.project_state([("governance", "0006_kinds")])
        rows = state.apps.get_model("governance", "Provider").objects
        assert dict(rows.values_list("name", "kind")) == kinds
        assert rows.get(name="mac").is_local
        MigrationExecutor(connection).migrate([earlier])
        assert dict(old.objects.values_list("name", "kind")) == {**kinds, "mac": "mlx"}
    finally:
        old.objects.all().delete()
        MigrationExecutor(connection).migrate(leaves)
