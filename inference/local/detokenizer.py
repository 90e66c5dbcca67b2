"""PURE: tokens -> text, piece by piece, never half a character."""

from collections.abc import Callable, Sequence

Decode = Callable[[Sequence[int]], str]

REPLACEMENT = "\ufffd"
PATIENCE = 16
"""Tokens after which bytes that make no character are let through as replacement characters."""


class Detokenizer:
    """Decodes a growing window of tokens and gives out what the last one added.

    A token's text depends on its neighbours (joined bytes, leading spaces), so the window keeps the
    tokens of the piece before. `context` are tokens before the first one, whose text stays out.
    """

    def __init__(self, decode: Decode, context: Sequence[int] = ()) -> None:
        self._decode = decode
        self._window = list(context)
        self._known = len(self._window)

    def feed(self, token: int) -> str:
        """The characters completed by this token; empty when it ends within one."""
        self._window.append(token)
        text = self._decode(self._window)
        if text.endswith(REPLACEMENT) and len(self._window) - self._known < PATIENCE:
            return ""
        return self._advance(text)

    def finish(self) -> str:
        """What is left when no more tokens come: a broken character as its replacement."""
        return self._advance(self._decode(self._window)) if self.pending else ""

    @property
    def pending(self) -> bool:
        """Whether tokens wait for the rest of their character."""
        return len(self._window) > self._known

    def _advance(self, text: str) -> str:
        known = self._decode(self._window[: self._known]) if self._known else ""
        self._window = self._window[self._known :]
        self._known = len(self._window)
        return text[len(known) :]
