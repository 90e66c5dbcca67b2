"""Whatever is sent, sound or not, the API answers as its OpenAPI document says, and never a 500."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from governance import ports, services
from governance.errors import Invalid
from governance.routing.fields import Problem
from governance.routing.request import RoutingRequest
from inference.endpoints.registry import simulated_request
from inference.values.parsed_request import BadRequest
from tests.governance.conftest import profile_document, provider_document

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

_config = SchemathesisConfig()
_config.projects.default.phases.coverage.unexpected_methods = set()
schema = schemathesis.openapi.from_dict(
    SchemaGenerator().get_schema(request=None, public=True), config=_config
)
schema.app = WSGIHandler()


@pytest.fixture
def secret(db: None) -> Iterator[str]:
    """Of a key that may do everything, where there is one of everything."""
    before, ports._ports = ports._ports, ports.Ports(read_request=_read)
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # as Django's own test client does
    services.save_provider(provider_document(), who="t")
    services.save_profile(profile_document(), who="t")
    services.save_rule({"name": "r", "profile": "light"}, who="t")
    services.save_mapping({"pattern": "p", "destination": "light"}, who="t")
    scopes = ["inference", "governance:read", "governance:write", "keys"]
    yield services.create_key({"name": "fuzz", "scopes": scopes}, who="t")[1]
    ports._ports = before
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _read(document: Mapping[str, Any]) -> RoutingRequest:
    """What reads live requests, where the service runs whole."""
    try:
        return simulated_request(document)
    except BadRequest as bad:
        raise Invalid(Problem(bad.field or "", "invalid", bad.message)) from bad


@schema.parametrize()
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_it_answers_as_documented(case: schemathesis.Case[Any], secret: str) -> None:
    case.call_and_validate(headers={"Authorization": f"Bearer {secret}"}, checks=CHECKS)
