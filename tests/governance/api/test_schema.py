"""The OpenAPI document and its page."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client

PATHS = {
    "/routing-profiles": {"get", "post"},
    "/routing-profiles/{profile_id}": {"get", "put", "delete"},
    "/routing-profiles/export": {"get"},
    "/routing-profiles/import": {"post"},
    "/routing-profiles/simulate": {"post"},
    "/providers": {"get", "post"},
    "/providers/{name}": {"get", "put", "patch", "delete"},
    "/keys": {"get", "post"},
    "/keys/{key_id}": {"get", "patch", "delete"},
    "/heuristic-rules": {"get", "post"},
    "/heuristic-rules/order": {"put"},
    "/heuristic-rules/{rule_id}": {"get", "put", "patch", "delete"},
    "/model-mappings": {"get", "post"},
    "/model-mappings/{mapping_id}": {"get", "put", "patch", "delete"},
    "/revisions": {"get"},
    "/revisions/compare": {"get"},
    "/revisions/{version}": {"get"},
    "/revisions/{version}/revert": {"post"},
}


def _document() -> dict[str, Any]:
    answer = Client().get("/api/schema", headers={"Accept": "application/json"})
    found: dict[str, Any] = answer.json()
    return found


def test_it_works() -> None:
    document = _document()
    for path, methods in PATHS.items():
        assert set(document["paths"][f"/api/governance{path}"]) >= methods
    simulate = document["paths"]["/api/governance/routing-profiles/simulate"]["post"]
    assert simulate["requestBody"]["content"]["application/json"]["examples"]


def test_a_key_is_never_part_of_an_answer() -> None:
    schemas = _document()["components"]["schemas"]
    assert "api_key" in schemas["ProviderRequest"]["properties"]
    assert "api_key" not in schemas["Provider"]["properties"]


def test_it_is_complete_and_without_warnings() -> None:
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=io.StringIO())


@pytest.mark.django_db
def test_its_page_can_be_browsed() -> None:
    answer = Client().get("/api/docs")
    assert answer.status_code == 200
    assert b"swagger" in answer.content.lower()
