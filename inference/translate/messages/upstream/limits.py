"""The limit for an answer of Anthropic's models, which it wants to be told with every request."""

from __future__ import annotations

from typing import Final

from governance.kinds import model_rules
from governance.kinds.claude import LONGEST_ANSWERS
from governance.routing.model_facts import UNKNOWN, ModelFacts
from inference.translate.answer_limit import room_for

_CONTEXT: Final = 200_000
"""Tokens that every model of the table takes, prompt and answer together."""


def longest_answer(model: str, prompt_tokens: int = 0, facts: ModelFacts = UNKNOWN) -> int:
    """The limit for an answer of a model whose caller sets none, given the prompt's estimate.

    Older models refuse a limit that does not fit beside the prompt.
    """
    listed = model_rules.longest_answer(LONGEST_ANSWERS, model)
    context = facts.context_length or (_CONTEXT if listed else None)
    return room_for(facts.max_output_tokens or listed, context, prompt_tokens)
