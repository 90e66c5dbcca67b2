"""Tokens to text in pieces, over tokenizers that cut characters anywhere."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from inference.local.detokenizer import PATIENCE, Detokenizer
from tests.inference.local import tiny_model

tokenizer = Tokenizer.from_file(str(tiny_model.PATH / "tokenizer.json"))


def tiny_decode(tokens: Sequence[int]) -> str:
    """The tiny model's byte-level decoding."""
    return str(tokenizer.decode(list(tokens), skip_special_tokens=False))


def words_decode(tokens: Sequence[int]) -> str:
    """A decoder that, as SentencePiece's does, drops the space before the first word."""
    return " ".join(f"w{token}" for token in tokens)


def pieces_of(tokens: Sequence[int]) -> list[str]:
    """What each token adds, the rest last."""
    detokenizer = Detokenizer(tiny_decode)
    return [detokenizer.feed(token) for token in tokens] + [detokenizer.finish()]


@given(st.text())
def test_the_pieces_make_the_text(text: str) -> None:
    assert "".join(pieces_of(tokenizer.encode(text).ids)) == text


@given(st.text(st.characters(min_codepoint=0x80, exclude_categories=["Cs"])))
def test_no_piece_holds_half_a_character(text: str) -> None:
    text = text.replace("\ufffd", "")
    assert not any("\ufffd" in piece for piece in pieces_of(tokenizer.encode(text).ids))


def test_a_character_of_four_tokens_comes_with_its_last() -> None:
    tokens = tokenizer.encode("🚂").ids
    assert len(tokens) == 4
    assert pieces_of(tokens) == ["", "", "", "🚂", ""]


def test_a_broken_character_at_the_end_becomes_a_replacement() -> None:
    tokens = tokenizer.encode("ok 🚂").ids[:-1]
    assert "".join(pieces_of(tokens)) == "ok \ufffd"


def test_bytes_that_never_make_a_character_are_not_held_for_ever() -> None:
    continuation = tokenizer.encode("🚂").ids[-1]
    pieces = pieces_of([continuation] * (3 * PATIENCE))
    assert sum(bool(piece) for piece in pieces) >= 3
    assert "".join(pieces) == "\ufffd" * (3 * PATIENCE)


@given(st.lists(st.integers(0, 99), max_size=12))
def test_spaces_between_tokens_survive(tokens: list[int]) -> None:
    """A decoder that drops the space before its first token must not drop one in the middle."""
    detokenizer = Detokenizer(words_decode)
    assert "".join(detokenizer.feed(token) for token in tokens) == words_decode(tokens)


def test_context_shapes_the_first_piece_and_stays_out() -> None:
    detokenizer = Detokenizer(words_decode, context=[1, 2])
    assert detokenizer.feed(3) == " w3"
