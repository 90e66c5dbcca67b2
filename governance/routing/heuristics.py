"""Heuristic rules: which profile suits a request that names no model."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from functools import lru_cache
from typing import Final

from governance.routing.request import Features
from governance.routing.table import Condition, HeuristicRuleEntry

NUMBERS: Final = ("last_user_characters", "prompt_tokens", "messages", "tools", "images")
FLAGS: Final = ("reasoning",)
TEXTS: Final = ("last_user_text",)
SCANNED_END: Final = 2048
"""Characters at either end of a message in which keywords are looked for: a rule costs the same
however long the message is."""
_WORD: Final = re.compile(r"\w+")
_TOKEN: Final = re.compile(r"(?s:\w+|.)")
FEATURE_NAMES: Final = NUMBERS + FLAGS + TEXTS

COMPARISONS: Final[dict[str, Callable[[float, float], bool]]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "==": operator.eq,
}
OPERATORS: Final = (*COMPARISONS, "any")


def matches(rule: HeuristicRuleEntry, features: Features) -> bool:
    """Whether the rule's conditions hold; a rule without conditions always does."""
    if not rule.conditions:
        return True
    together = any if rule.match == "any" else all
    return together(holds(condition, features) for condition in rule.conditions)


def holds(condition: Condition, features: Features) -> bool:
    """Whether one condition holds. One that makes no sense holds for nothing.

    Numbers are compared, `reasoning` is `==` true or false, and `last_user_text` holds `any` of
    some keywords.
    """
    name, value = condition.feature, condition.value
    if name in TEXTS:
        return (
            condition.operator == "any"
            and isinstance(value, tuple)
            and has_keyword(features.last_user_text, value)
        )
    if name not in NUMBERS and name not in FLAGS:
        return False
    compare = COMPARISONS.get(condition.operator)
    if compare is None or isinstance(value, tuple):
        return False
    return compare(getattr(features, name), value)


def has_keyword(text: str, keywords: tuple[str, ...]) -> bool:
    """Whether a keyword stands in the text as whole words, whatever its case.

    `sql` is found in "Some SQL, please" and not in "sqlite". Of a text longer than twice
    `SCANNED_END` characters its beginning and its end are looked at.
    """
    lengths = _by_length(keywords)
    if not lengths:
        return False
    said = _said(both_ends(text))
    words = said.runs(1)
    for length, wanted, longest in lengths:
        # Runs of several tokens are made only where the text has the words for one.
        if length == 1 or not longest or not longest.isdisjoint(words):
            hits = wanted.keys() & said.runs(length)
            if any(_stands(wanted[hit], said.text) for hit in hits):
                return True
    return False


def _stands(pattern: re.Pattern[str] | None, text: str) -> bool:
    return pattern is None or pattern.search(text) is not None


class _Said:
    """A text in small letters as tokens: words, and the single characters between them."""

    __slots__ = ("_runs", "_tokens", "text")

    def __init__(self, text: str) -> None:
        self.text = text.casefold()
        self._tokens = _TOKEN.findall(self.text)
        self._runs: dict[int, AbstractSet[str]] = {}

    def runs(self, length: int) -> AbstractSet[str]:
        """Every row of so many tokens."""
        found = self._runs.get(length)
        if found is None:
            shifted = [self._tokens[place:] for place in range(length)]
            found = self._runs[length] = frozenset(map("".join, zip(*shifted, strict=False)))
        return found


_said = lru_cache(maxsize=2)(_Said)
"""Once for all rules of a request."""


@lru_cache(maxsize=256)
def _by_length(
    keywords: tuple[str, ...],
) -> tuple[tuple[int, dict[str, re.Pattern[str] | None], frozenset[str]], ...]:
    """The keywords by how many tokens they have, and their longest words; empty where one has none.

    One that begins and ends in letters stands by itself wherever its tokens are. Of others a
    pattern tells whether a word goes on beside them.
    """
    lengths: dict[int, dict[str, re.Pattern[str] | None]] = {}
    for one in (word.casefold() for word in keywords if word.strip()):
        tokens = _TOKEN.findall(one)
        plain = _WORD.fullmatch(tokens[0]) and _WORD.fullmatch(tokens[-1])
        pattern = None if plain else re.compile(rf"(?<!\w){re.escape(one)}(?!\w)")
        lengths.setdefault(len(tokens), {})[one] = pattern
    return tuple((length, wanted, _longest(wanted)) for length, wanted in sorted(lengths.items()))


def _longest(keywords: Iterable[str]) -> frozenset[str]:
    found = [max(_WORD.findall(one), key=len, default="") for one in keywords]
    return frozenset() if "" in found else frozenset(found)


def both_ends(text: str) -> str:
    """What is looked at of a text: of a long one its beginning and its end, without the words that
    were cut."""
    if len(text) <= 2 * SCANNED_END + 1:
        return text
    # Backwards, since looking for a word at the end of a text goes through all of it.
    beginning = _without_first_word(text[SCANNED_END - 1 :: -1])[::-1]
    return f"{beginning}\n{_without_first_word(text[-SCANNED_END:])}"


def _without_first_word(text: str) -> str:
    word = _WORD.match(text)
    return text if word is None else text[word.end() :]
