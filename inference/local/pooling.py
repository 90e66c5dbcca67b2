"""PURE: requests for embeddings and for ranking, checked, and their answers."""

from __future__ import annotations

import base64
import math
import sys
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from inference.local.fields import array as array_of
from inference.local.fields import integer, mapping, text, wrong
from inference.local.generation import InvalidGeneration, Object
from inference.local.wire import Json

MOST_INPUTS: Final = 2048
FLOAT: Final = "float"
BASE64: Final = "base64"

Input = str | list[int]


@dataclass(frozen=True, slots=True)
class EmbeddingRequest:
    """`dimensions` None: as many as the model has."""

    inputs: tuple[Input, ...]
    form: str
    dimensions: int | None


@dataclass(frozen=True, slots=True)
class RerankRequest:
    query: str
    documents: tuple[str, ...]
    top_n: int
    with_documents: bool


def read_embedding(body: Object, width: int | None) -> EmbeddingRequest:
    """Of a model with that many dimensions. Raises InvalidGeneration."""
    form = body.get("encoding_format") or FLOAT
    if form not in (FLOAT, BASE64):
        wrong("encoding_format", "must be float or base64", "unsupported_value")
    dimensions = integer(body, "dimensions", 1, width or sys.maxsize)
    return EmbeddingRequest(tuple(_inputs(body.get("input"))), form, dimensions)


def _inputs(value: Any) -> list[Input]:
    if value is None or value == "" or value == []:
        wrong("input", "must not be empty", "missing_required_parameter")
    if isinstance(value, str):
        return [value]
    items = array_of(value, "input")
    if all(_is_token(item) for item in items):
        return [items]
    if len(items) > MOST_INPUTS:
        wrong("input", f"must have at most {MOST_INPUTS} items")
    return [_input(item, f"input[{place}]") for place, item in enumerate(items)]


def _input(item: Any, where: str) -> Input:
    if item in ("", []):
        wrong(where, "must not be empty")
    if isinstance(item, list) and all(_is_token(each) for each in item):
        return item
    if not isinstance(item, str):
        wrong(where, "must be a string or an array of tokens", "invalid_type")
    return item


def _is_token(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def read_rerank(body: Object) -> RerankRequest:
    """Raises InvalidGeneration."""
    given = array_of(body.get("documents"), "documents")
    if not 0 < len(given) <= MOST_INPUTS:
        wrong("documents", f"must have 1 to {MOST_INPUTS} items")
    documents = tuple(_text(item, f"documents[{place}]") for place, item in enumerate(given))
    top_n = integer(body, "top_n", 1, sys.maxsize)
    wanted = body.get("return_documents", False)
    if not isinstance(wanted, bool):
        wrong("return_documents", "must be true or false", "invalid_type")
    query = _text(body.get("query"), "query")
    return RerankRequest(query, documents, min(top_n or len(given), len(given)), wanted)


def _text(item: Any, where: str) -> str:
    if isinstance(item, dict):
        if "image" in item:
            wrong(where, "holds an image: this model reads text only", "unsupported_value")
        item = mapping(item, where).get("text")
    found = text(item, where)
    if not found:
        wrong(where, "must not be empty")
    return found


def embedding(packed: str, request: EmbeddingRequest) -> str | list[float]:
    """What the runtime gave as base64 of 32-bit numbers, in the form asked for.

    A shorter one is the beginning, brought back to the length 1, as models that are trained for it
    want it (Matryoshka embeddings).
    """
    if request.form == BASE64 and request.dimensions is None:
        return packed
    values = array("f", base64.b64decode(packed))
    if request.dimensions is not None and request.dimensions < len(values):
        values = values[: request.dimensions]
        length = math.sqrt(math.fsum(value * value for value in values)) or 1.0
        values = array("f", (value / length for value in values))
    return base64.b64encode(values).decode() if request.form == BASE64 else values.tolist()


def embeddings(model: str, found: Sequence[str | list[float]], tokens: int) -> Json:
    """The answer of `/v1/embeddings`."""
    data = [
        {"object": "embedding", "index": place, "embedding": one} for place, one in enumerate(found)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "data": data, "model": model, "usage": usage}


def ranking(model: str, request: RerankRequest, scores: Sequence[float], tokens: int) -> Json:
    """The answer of `/v1/rerank`: the most relevant first."""
    order = sorted(range(len(scores)), key=lambda place: (-scores[place], place))
    results: list[Json] = []
    for place in order[: request.top_n]:
        one: Json = {"index": place, "relevance_score": scores[place]}
        if request.with_documents:
            one["document"] = {"text": request.documents[place]}
        results.append(one)
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return {"object": "list", "results": results, "model": model, "usage": usage}


def serves_other(model: str, wanted: str) -> InvalidGeneration:
    """The refusal of a request that the model is not made for. Its code tells the gateway to ask
    another target."""
    return InvalidGeneration(f"The model {model!r} {wanted}.", "model", "model_serves_other")
