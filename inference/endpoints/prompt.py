"""A prompt without roles, as text completions and embeddings take it: text or token ids."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from inference.values.parsed_request import BadRequest
from inference.values.parsing import Survey

Prompt = str | list[Any]
"""A string, strings, token ids, or lists of token ids."""

_SHAPES: Final = (list[str], list[int], list[list[int]])
_CHARACTERS_PER_TOKEN: Final = 4


def survey_prompt(survey: Survey, prompt: Prompt, field: str) -> int:
    """Counts the prompt and returns how many there are. Raises `BadRequest`.

    An empty one is refused here: it reaches a model as nothing to predict from, and kills some
    servers.
    """
    if isinstance(prompt, str):
        texts: list[Any] = [prompt]
    else:
        texts = _same_kind(prompt, field)
        if texts and isinstance(texts[0], int):
            texts = [texts]
    for position, text in enumerate(texts):
        if not text:
            where = field if isinstance(prompt, str) else f"{field}[{position}]"
            raise BadRequest(f"`{where}` must not be empty.", where)
        if isinstance(text, str):
            survey.text(text)
            survey.last_user = text
        else:
            survey.characters += len(text) * _CHARACTERS_PER_TOKEN
    return len(texts)


def _same_kind(prompt: list[Any], field: str) -> list[Any]:
    if not prompt:
        raise BadRequest(f"`{field}` must not be empty.", field)
    for shape in _SHAPES:
        try:
            return msgspec.convert(prompt, shape)
        except msgspec.ValidationError:
            continue
    message = f"`{field}`: expected a string, strings, token ids, or lists of token ids."
    raise BadRequest(message, field)
