"""The list of models, as the collector reads it and web processes are told of it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import pytest
from pytest_django import Settings

from gateway.collector.catalog_writer import CatalogWriter, configured
from governance import services, snapshot
from governance.catalog import CatalogFile, ModelCatalog, SoldModel, context_lengths
from governance.routing.table import RoutingTable
from tests.inference.local import gguf_file, tiny_model

OPENAI = SoldModel("openai", "https://api.openai.com/v1", "gpt-4o-mini")


def test_context_lengths_of_what_is_sold() -> None:
    places = [
        OPENAI,
        SoldModel("openai", "http://10.0.0.7/v1", "gpt-4o-mini"),
        SoldModel("anthropic", "http://10.0.0.7/v1", "claude-3-haiku-20240307"),
        SoldModel("openai", "https://api.openai.com/v1", "of-my-own"),
    ]
    assert dict(context_lengths(places).context_lengths) == {places[0]: 128_000, places[2]: 200_000}


def test_a_file_is_read_when_it_is_another(tmp_path: Path) -> None:
    path = tmp_path / "models.json"
    file = CatalogFile(path)
    assert not file.refresh()
    path.write_bytes(msgspec.json.encode(ModelCatalog("1", ((OPENAI, 5),))))
    assert file.refresh()
    assert file.lengths == {tuple(OPENAI): 5}
    assert not file.refresh()
    path.write_bytes(b"{")
    assert not file.refresh()
    assert file.lengths == {tuple(OPENAI): 5}
    os.unlink(path)
    assert not file.refresh()


@pytest.mark.django_db
def test_the_table_knows_what_the_collector_found_out(tmp_path: Path, settings: Any) -> None:
    settings.MODEL_CATALOG = tmp_path / "models.json"
    services.save_provider(
        {
            "name": "openai",
            "kind": "openai",
            "base_url": OPENAI.base_url,
            "models": ["gpt-4o-mini"],
        },
        who="t",
    )
    services.save_provider(
        {"name": "here", "kind": "openai", "base_url": "http://127.0.0.1:1/v1", "models": ["m"]},
        who="t",
    )
    services.save_profile(
        {
            "name": "Light",
            "virtual_provider": "light",
            "targets": [{"provider": "OpenAI", "model": "gpt-4.1"}],
        },
        who="t",
    )
    assert {one.model for one in configured()} == {"gpt-4o-mini", "gpt-4.1"}
    snapshot.install(RoutingTable())
    before = snapshot.refresh()
    provider = before.providers["openai"]
    assert before.facts(provider, "gpt-4.1").context_length is None
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "config.json").write_text('{"text_config": {"max_position_embeddings": 512}}')
    services.save_provider({"name": "mlx", "kind": "mlx", "default_model": "tiny"}, who="t")
    writer = CatalogWriter(settings.MODEL_CATALOG, tmp_path)
    writer.step()
    table = snapshot.refresh()
    assert table is not before
    assert table.facts(provider, "gpt-4.1").context_length == 1_000_000
    assert table.facts(table.providers["mlx"], "tiny").context_length == 512
    assert snapshot.refresh() is table
    written = settings.MODEL_CATALOG.stat().st_mtime_ns
    writer.step()
    assert settings.MODEL_CATALOG.stat().st_mtime_ns == written


@pytest.mark.django_db
def test_a_file_that_is_dropped_in_is_known_without_a_change_of_providers(
    settings: Settings, tmp_path: Path
) -> None:
    settings.MODEL_CATALOG = tmp_path / "models.json"
    services.save_provider({"name": "here", "kind": "llama_cpp", "default_model": "x"}, who="t")
    snapshot.install(RoutingTable())
    writer = CatalogWriter(settings.MODEL_CATALOG, tmp_path)
    writer.step()
    gguf_file.write(tmp_path / "fresh.gguf", quantized=False)
    writer.step()
    table = snapshot.refresh()
    known = table.facts(table.providers["here"], "fresh")
    assert known.context_length == tiny_model.CONTEXT_LENGTH
