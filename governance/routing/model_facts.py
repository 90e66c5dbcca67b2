"""What is known of a model at a provider: its context, its longest answer, what it takes. PURE.

Operators come first, then the kind of the provider, then the catalogue of models; each fact is
taken from the first that knows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from governance.kinds import kind_named
from governance.kinds.model_rules import longest_answer
from governance.routing.fields import Fields, Problem, kind_of
from governance.routing.vocabulary import FEATURES, MODALITIES
from governance.texts import gettext

WILDCARD: Final = "*"
MAX_FACTS: Final = 500
MAX_TOKENS: Final = 1_000_000_000
FACT_FIELDS: Final = ("model", "context_length", "max_output_tokens", "capabilities")
CAPABILITIES: Final = MODALITIES + FEATURES


class ModelFacts(NamedTuple):
    """Facts of one model; what is not known is None, or empty."""

    context_length: int | None = None
    """Tokens that fit in, prompt and answer together."""
    max_output_tokens: int | None = None
    capabilities: frozenset[str] = frozenset()
    """Modalities and features; empty: not known."""

    def or_else(self, other: ModelFacts) -> ModelFacts:
        """These, and of the other one what these lack."""
        return ModelFacts(
            self.context_length or other.context_length,
            self.max_output_tokens or other.max_output_tokens,
            self.capabilities or other.capabilities,
        )


UNKNOWN: Final = ModelFacts()


def together(models: Sequence[ModelFacts]) -> ModelFacts:
    """What a name stands for behind which there are several models: a prompt goes where it fits
    and a request to who can take it, and an answer may come from whoever gives the shortest."""
    contexts = [one.context_length for one in models if one.context_length]
    longest = [one.max_output_tokens for one in models if one.max_output_tokens]
    capabilities = [one.capabilities for one in models]
    return ModelFacts(
        max(contexts, default=None),
        min(longest, default=None),
        # Who declares nothing takes everything, and of that nothing is known.
        frozenset().union(*capabilities) if all(capabilities) else frozenset(),
    )


class SaidFacts(NamedTuple):
    """What an operator says of a model, or of all whose name begins so."""

    model: str
    """A name; with `*` behind it, the beginning of one."""
    facts: ModelFacts

    def concerns(self, model: str) -> bool:
        mine, other = self.model.casefold(), model.casefold()
        if mine.endswith(WILDCARD):
            return other.startswith(mine[:-1])
        return mine == other


def said_facts(document: Mapping[str, Any]) -> SaidFacts:
    """Of a document that keeps the rules."""
    return SaidFacts(
        document["model"],
        ModelFacts(
            document.get("context_length"),
            document.get("max_output_tokens"),
            frozenset(document.get("capabilities") or ()),
        ),
    )


def known_facts(
    kind: str, said: tuple[SaidFacts, ...], model: str, context_length: int | None = None
) -> ModelFacts:
    """All that is known; `context_length` is what the catalogue has."""
    found = UNKNOWN
    # A name is more than the beginning of one, a longer beginning more than a shorter.
    for one in sorted(said, key=_generality):
        if one.concerns(model):
            found = found.or_else(one.facts)
    by_kind = kind_named(kind)
    longest = None if by_kind is None else longest_answer(by_kind.model_rules, model)
    return found.or_else(ModelFacts(context_length, longest))


def _generality(said: SaidFacts) -> tuple[bool, int]:
    return said.model.endswith(WILDCARD), -len(said.model)


def facts_problems(facts: object) -> Iterator[Problem]:
    """What is wrong with `model_facts` of a provider, any JSON value."""
    if facts is None:
        return
    if not isinstance(facts, list | tuple):
        message = gettext("model_facts must be a list, not %(kind_of)s.") % {
            "kind_of": kind_of(facts)
        }
        yield Problem("model_facts", "type", message)
        return
    if len(facts) > MAX_FACTS:
        yield Problem(
            "model_facts",
            "too_many",
            gettext("model_facts has at most %(max_facts)s entries.") % {"max_facts": MAX_FACTS},
        )
        return
    seen: set[str] = set()
    for index, one in enumerate(facts):
        path = f"model_facts[{index}]"
        yield from _problems(one, path)
        name = one.get("model") if isinstance(one, Mapping) else None
        if isinstance(name, str):
            if name.casefold() in seen:
                message = gettext('Another entry is about the model "%(name)s" already.') % {
                    "name": name
                }
                yield Problem(f"{path}.model", "unique", message)
            seen.add(name.casefold())


def _problems(one: object, path: str) -> list[Problem]:
    if not isinstance(one, Mapping):
        message = gettext("Facts of a model must be an object, not %(kind_of)s.") % {
            "kind_of": kind_of(one)
        }
        return [Problem(path, "type", message)]
    fields = Fields(one, path)
    fields.unknown(FACT_FIELDS, gettext("Facts of a model"))
    fields.text("model", 300, required=True)
    for name in ("context_length", "max_output_tokens"):
        fields.number(name, 1, MAX_TOKENS, integer=True)
    fields.choices("capabilities", CAPABILITIES)
    return fields.found
