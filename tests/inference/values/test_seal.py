"""Sealed ids: what one key was given is nothing to another, and no change goes unnoticed."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from inference.values.seal import GATEWAY, SEAM, Seal, is_held_by, is_sealed, secrets_of

NEW, OLD = secrets_of(("new", "old"))
IDS = st.text(
    st.characters(codec="ascii", categories=("L", "N"), include_characters="_-"), max_size=60
)
NAMES = st.sampled_from([GATEWAY, "openai", "azure", "OpenAI-2"])
KEYS = st.sampled_from(["", "key-1", "key-2"])


@settings(max_examples=60)
@given(IDS, NAMES, KEYS, NAMES, KEYS)
def test_only_the_same_key_and_holder_open_it(
    text: str, holder: str, key: str, other: str, another: str
) -> None:
    sealed = Seal([NEW], key, holder).seal(text)
    assert is_sealed(sealed)
    assert is_held_by(sealed, other) == (holder == other)
    opened = Seal([NEW], another, other).open(sealed)
    assert opened == (text if (holder, key) == (other, another) else None)
    assert Seal([NEW], key, holder).open(text) is None or SEAM in text


@settings(max_examples=60)
@given(IDS, st.data())
def test_a_changed_id_does_not_open(text: str, data: st.DataObject) -> None:
    seal = Seal([NEW], "key-1", "openai")
    sealed = seal.seal(text)
    place = data.draw(st.integers(0, len(sealed) - 1))
    letter = data.draw(st.characters(codec="ascii").filter(lambda one: one != sealed[place]))
    assert seal.open(sealed[:place] + letter + sealed[place + 1 :]) is None
    assert seal.open(sealed[:-1]) is None
    assert seal.open(sealed + "A") is None


def test_a_new_secret_before_the_old_one_opens_what_the_old_one_sealed() -> None:
    sealed = Seal([OLD], "key-1", "openai").seal("resp_1")
    assert Seal([NEW, OLD], "key-1", "openai").open(sealed) == "resp_1"
    assert Seal([NEW], "key-1", "openai").open(sealed) is None
    assert "secret" not in repr(Seal([NEW], "key-1", "openai"))
