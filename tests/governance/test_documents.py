"""Documents and rows are two forms of the same thing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance import services
from governance.models import RoutingProfile
from governance.models.routing_target import THRESHOLDS
from governance.routing.target_rules import CAPABILITIES
from governance.routing.vocabulary import REQUEST_TYPES
from governance.serializers import ProfileSerializer

NUMBERS = st.one_of(st.integers(0, 100), st.floats(0, 100))
TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=20).map(
    str.strip
)


def optional(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The field may be null too, which means that it is not set."""
    return st.one_of(st.none(), strategy)


TARGETS = st.fixed_dictionaries(
    {"provider": TEXT.filter(lambda text: text and "/" not in text)},
    optional={
        "model": optional(TEXT),
        "priority": optional(st.integers(-1000, 1000)),
        "weight": optional(NUMBERS),
        "request_types": optional(st.lists(st.sampled_from(REQUEST_TYPES))),
        "capabilities": optional(st.lists(st.sampled_from(CAPABILITIES))),
        "enabled": optional(st.booleans()),
        "rate_limit": optional(
            st.fixed_dictionaries({}, optional={name: optional(NUMBERS) for name in THRESHOLDS})
        ),
    },
)
PROFILES = st.fixed_dictionaries(
    {
        "id": st.just("p"),
        "name": TEXT.filter(bool),
        "virtual_provider": TEXT.filter(lambda text: text and "/" not in text),
        "targets": st.lists(TARGETS, min_size=1, max_size=5),
    },
    optional={
        "description": optional(TEXT),
        "virtual_key_id": optional(TEXT),
        "enabled": optional(st.booleans()),
        "strategy": optional(st.just("ordered_failover")),
        "local_fallback": optional(st.sampled_from(["default", "never"])),
        "local_only": optional(st.booleans()),
    },
)


def written(document: dict[str, Any]) -> dict[str, Any]:
    """The document after being filled into rows and read back, without the database."""
    row = RoutingProfile()
    ProfileSerializer.fill(row, document)
    return ProfileSerializer.document(row)


@given(PROFILES)
@settings(deadline=None)
def test_a_document_read_back_says_the_same(document: dict[str, Any]) -> None:
    """What was set stays, what was not has its default, and once more changes nothing."""
    assert ProfileSerializer.problems(document) == []
    once = written(document)
    assert ProfileSerializer.problems(once) == []
    assert written(once) == once
    for name, value in document.items():
        if value is not None and name != "targets":
            assert once[name] == value
    for given_target, target in zip(document["targets"], once["targets"], strict=True):
        for name, value in given_target.items():
            if value is not None and name != "rate_limit":
                assert target[name] == value


@pytest.mark.django_db
@given(document=PROFILES)
@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_database_keeps_it_too(document: dict[str, Any]) -> None:
    services.replace_all([document], who="t")
    row = RoutingProfile.objects.get()
    read = ProfileSerializer.document(row)
    assert read == written(document)
    outcome = services.replace_all([read], who="t")
    assert (outcome.created, outcome.changed, outcome.removed) == ((), (), ())
