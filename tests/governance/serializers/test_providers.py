"""The rules of providers, each broken in turn."""

import math

import pytest
from hypothesis import given

from governance.serializers import ProviderSerializer
from tests.governance.routing.strategies import json_values, objects

GOOD = {
    "name": "open-AI_2.0",
    "kind": "openai",
    "base_url": "https://api.example.com:8443/v1",
    "api_key": "sk-1",
    "is_local": False,
    "default_model": "gpt-4o",
    "models": ["gpt-4o", "org/model"],
    "capabilities": ["text", "vision"],
    "extra_headers": {"X-Team": "a b", "x-empty": ""},
    "connect_timeout": 0.5,
    "first_event_timeout": 60,
    "idle_timeout": None,
    "total_timeout": None,
    "max_concurrency": 1,
    "enabled": True,
}


def found(document, **context):
    return [
        (problem.path, problem.code) for problem in ProviderSerializer.problems(document, **context)
    ]


def test_a_good_provider_has_no_problem():
    assert ProviderSerializer.problems(GOOD) == []


def test_the_built_in_engine_needs_no_address():
    assert ProviderSerializer.problems({"name": "mlx", "kind": "mlx"}) == []


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("name", None, "required"),
        ("name", "a/b", "invalid"),
        ("name", "ümlaut", "invalid"),
        ("name", "a b", "invalid"),
        ("name", "..", "invalid"),
        ("name", "x" * 101, "invalid"),
        ("name", 3, "type"),
        ("kind", None, "required"),
        ("kind", "gemini", "choice"),
        ("base_url", None, "required"),
        ("base_url", "api.example.com", "invalid"),
        ("base_url", "ftp://example.com", "invalid"),
        ("base_url", "file:///etc/passwd", "invalid"),
        ("base_url", "http://", "invalid"),
        ("base_url", "http://:80/v1", "invalid"),
        ("base_url", "http://host:0", "invalid"),
        ("base_url", "http://host:99999", "invalid"),
        ("base_url", "http://host:http", "invalid"),
        ("base_url", "http://[::1", "invalid"),
        ("base_url", "https://user:word@host/v1", "invalid"),
        ("base_url", "https://user@host/v1", "invalid"),
        ("base_url", "https://host/v1?key=1", "invalid"),
        ("base_url", "https://host/v1#top", "invalid"),
        ("base_url", "https://host/a b", "invalid"),
        ("base_url", "https://host\\@evil/", "invalid"),
        ("base_url", "http+unix://relative/v1", "invalid"),
        ("base_url", 80, "type"),
        ("base_url", "http://" + "x" * 500, "too_long"),
        ("api_key", "line\nbreak", "invalid"),
        ("models", "gpt-4o", "type"),
        ("is_local", "no", "type"),
        ("enabled", 1, "type"),
        ("connect_timeout", 0, "range"),
        ("first_event_timeout", -1, "range"),
        ("idle_timeout", True, "type"),
        ("total_timeout", math.inf, "type"),
        ("total_timeout", 86_401, "range"),
        ("max_concurrency", 0, "range"),
        ("max_concurrency", 1.5, "type"),
        ("extra_headers", ["X-Team"], "type"),
    ],
)
def test_each_broken_rule_is_named(field, value, code):
    assert found({**GOOD, field: value}) == [(field, code)]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("Authorization", "Bearer x", "forbidden"),
        ("HOST", "x", "forbidden"),
        ("content-length", "3", "forbidden"),
        ("Transfer-Encoding", "chunked", "forbidden"),
        ("Connection", "close", "forbidden"),
        ("two words", "x", "invalid"),
        ("", "x", "invalid"),
        ("x:y", "x", "invalid"),
        ("X-A", "a\r\nX-B: c", "invalid"),
        ("X-A", " padded ", "invalid"),
        ("X-A", "ünicode", "invalid"),
        ("X-A", 3, "type"),
        ("X-A", None, "type"),
    ],
)
def test_headers_are_tokens_with_safe_values(name, value, code):
    assert found({**GOOD, "extra_headers": {name: value}}) == [(f"extra_headers.{name}", code)]


def test_a_header_stands_once_whatever_its_case():
    headers = {"X-Team": "a", "x-team": "b"}
    assert found({**GOOD, "extra_headers": headers}) == [("extra_headers.x-team", "unique")]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1234/v1",
        "http://[::1]:8080",
        "https://host/",
        "http+unix://%2Frun%2Fmodel.sock/v1",
    ],
)
def test_addresses_that_are_well_formed(url):
    assert found({**GOOD, "base_url": url}) == []


def test_models_are_told_by_place():
    assert found({**GOOD, "models": ["ok", "", 3]}) == [
        ("models[1]", "required"),
        ("models[2]", "type"),
    ]


def test_a_name_belongs_to_one_provider_or_one_profile():
    assert found(GOOD, others=["OPEN-ai_2.0"]) == [("name", "unique")]
    assert found(GOOD, virtual_providers=["Open-AI_2.0"]) == [("name", "virtual_provider")]


def test_unknown_fields_are_told():
    assert [one.path for one in ProviderSerializer.unknown({**GOOD, "organisation": 1})] == [
        "organisation"
    ]


@given(json_values | objects(*sorted(ProviderSerializer.shape().fields)))
def test_no_json_value_is_an_exception(document):
    told = ProviderSerializer.problems(document, others=["a"], virtual_providers=["b"])
    told += ProviderSerializer.unknown(document)
    assert all(one.code and one.message for one in told)
