"""Holds what MLX draws to a JSON schema, with llguidance: tokens that break it are never drawn."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from llguidance import LLMatcher, LLTokenizer

from inference.local.constraint import unsupported
from inference.local.wire import Json

_WRITTEN: Final[Any] = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""As `json.dumps` writes: small models lose themselves in free white space."""


class Grammars:
    """Of one model. Any thread may use it."""

    def __init__(self, tokenizer: Any, vocabulary: int, end_tokens: Iterable[int]) -> None:
        """`tokenizer` is one of the Rust library `tokenizers`."""
        self._tokenizer = tokenizer
        self._size = max(vocabulary, tokenizer.get_vocab_size())
        self._end_tokens = sorted(end_tokens)
        self._made: Any = None
        self._lock = threading.Lock()

    def hold(self, schema: Json, param: str) -> SchemaGrammar:
        """Raises InvalidGeneration that names what cannot be held to."""
        try:
            text = LLMatcher.grammar_from_json_schema(
                msgspec.json.encode(schema).decode(), defaults=_WRITTEN
            )
        except ValueError as error:
            raise unsupported(str(error)[:300], param) from error
        matcher = LLMatcher(self._ours(), text, log_level=0)
        if matcher.is_error():
            words = matcher.get_error().strip().splitlines()[0][:300]
            raise unsupported(words, param)
        end = bytearray(self._size)
        for token in self._end_tokens:
            end[token] = 1
        return SchemaGrammar(matcher, bytes(end))

    def _ours(self) -> Any:
        """Made when first needed: a large vocabulary takes a second."""
        with self._lock:
            if self._made is None:
                self._made = LLTokenizer(
                    self._tokenizer.to_str(),
                    n_vocab=self._size,
                    eos_token=self._end_tokens,
                )
            return self._made


class SchemaGrammar:
    """Where one answer stands in its schema. Of the thread that draws its tokens."""

    def __init__(self, matcher: Any, end: bytes) -> None:
        """`end` allows the tokens that end an answer, and no other."""
        self._matcher = matcher
        self._end = end

    def advance(self, token: int) -> None:
        """This token was drawn. After the last one nothing more is asked."""
        if not self._matcher.is_stopped() and not self._matcher.consume_token(token):
            raise RuntimeError(f"a token broke the grammar: {self._matcher.get_error()[:200]}")

    def allowed(self) -> bytes:
        """A byte for each token, 0 for those that would break the schema."""
        if self._matcher.is_stopped():
            return self._end
        found: bytes = self._matcher.compute_logit_bias()
        return found

    def copy(self) -> SchemaGrammar:
        """For another answer to the same request."""
        return SchemaGrammar(self._matcher.deep_copy(), self._end)
