"""Matching what a request needs with what targets declare."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from governance.routing.capabilities import binding_features, estimated_tokens, missing
from governance.routing.vocabulary import FEATURES, MODALITIES
from tests.governance.routing.build import target
from tests.governance.routing.strategies import capabilities, needs


def lacks(need, declared, binding=()):
    return missing(frozenset(need), frozenset(declared), frozenset(binding))


@pytest.mark.parametrize(
    ("need", "declared", "expected"),
    [
        ({"text"}, {"text"}, set()),
        ({"text", "vision"}, {"text"}, {"vision"}),
        ({"text", "vision"}, {"text", "vision"}, set()),
        ({"text", "vision"}, {"vision"}, set()),
        ({"vision"}, {"vision"}, set()),
        ({"text"}, {"vision"}, {"text"}),
        ({"text"}, {"vision", "tools"}, {"text"}),
        ({"text"}, {"audio"}, set()),
        ({"text"}, {"vision", "audio"}, set()),
        ({"text", "audio"}, {"vision"}, {"text", "audio"}),
        ({"text"}, {"tools"}, set()),
        ({"text", "file"}, {"tools"}, {"file"}),
        ({"text", "vision", "audio", "file"}, set(), set()),
    ],
)
def test_modalities(need, declared, expected):
    assert lacks(need, declared) == expected


def test_features_bind_only_where_somebody_declares_them():
    assert lacks({"text", "tools"}, {"text"}) == set()
    assert lacks({"text", "tools"}, {"text"}, {"tools"}) == {"tools"}
    assert lacks({"text", "tools"}, {"text", "tools"}, {"tools"}) == set()
    assert lacks({"text", "tools"}, set(), {"tools"}) == set()


def test_only_enabled_targets_make_a_feature_binding():
    targets = [
        target(capabilities={"text", "tools"}),
        target(capabilities={"reasoning"}, enabled=False),
    ]
    assert binding_features(one.capabilities for one in targets if one.enabled) == {"tools"}


@given(needs, needs)
def test_who_declares_nothing_takes_everything(need, binding):
    assert missing(need, frozenset(), binding) == frozenset()


@given(needs)
def test_who_declares_everything_takes_everything(need):
    assert missing(need, frozenset(MODALITIES + FEATURES), frozenset(FEATURES)) == frozenset()


@given(needs, capabilities.filter(bool))
def test_every_modality_but_text_must_be_declared(need, declared):
    undeclared = (need & frozenset(MODALITIES)) - declared - {"text"}
    assert undeclared <= missing(need, declared)


@given(needs, capabilities.filter(bool), st.sampled_from(MODALITIES + FEATURES))
def test_declaring_more_never_loses_a_request(need, declared, more):
    """Unless it makes a specialist of one who declared no modality at all."""
    if more == "vision" and not declared & frozenset(MODALITIES):
        return
    binding = frozenset(FEATURES)
    assert missing(need, declared | {more}, binding) <= missing(need, declared, binding)


@given(needs, capabilities)
def test_features_alone_never_matter_unless_binding(need, declared):
    assert missing(need, declared) <= frozenset(MODALITIES)


def test_tokens_are_a_quarter_of_the_characters_rounded_up():
    assert [estimated_tokens(count) for count in (0, 1, 4, 5, 2000)] == [0, 1, 1, 2, 500]
