"""YAML says what JSON says, and nothing more."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from governance.api.yaml_documents import NotYaml, read, write

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.sampled_from(
    ["on", "no", "~", "1e5", "1.5e3", "0o17", "012", "1_000", "2030-01-31", "<<", "=", "!x", "*a"]
)
NUMBERS = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(VALUES)
@settings(max_examples=60)
def test_what_was_written_is_read(value: Any) -> None:
    found = read(write(value).encode())
    assert (found, repr(found)) == (value, repr(value))


def test_as_people_write_it() -> None:
    text = b"routing_profiles:\n  - id: light  # the small one\n    enabled: true\n    on: 1.0\n"
    assert read(text) == {"routing_profiles": [{"id": "light", "enabled": True, "on": 1.0}]}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: &x [1]\nb: *x", "Line 1: anchors and aliases are not read."),
        ("a: 1\nb: *x", "Line 2: anchors and aliases are not read."),
        ("a: !!python/object:os.system x", "Line 1: tags are not read."),
        ("a: 1\na: 2", "Line 2: a stands there twice."),
        ("? [1]\n: 2", "Line 1: a name must be a text."),
        ("--- 1\n--- 2", "there is a second document"),
        ("[" * 100, "nested too deeply"),
        ("a: [1", "Line 2: "),
        ("a: \x00", ""),
    ],
)
def test_the_rest_is_refused(text: str, words: str) -> None:
    with pytest.raises(NotYaml, match=r".") as refused:
        read(text.encode())
    assert words in str(refused.value)
