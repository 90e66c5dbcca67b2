"""`POST /v1/rerank`, as Cohere and Jina AI have it, and servers such as vLLM and TEI after them.

Sources: the API references of Cohere ("Rerank", v1 and v2) and Jina AI ("Reranker").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import HandedOn, json_request
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.metered import MeteredPassThrough
from inference.values.parsed_request import BadRequest, ParsedRequest
from inference.values.parsing import Survey, envelope, typed

Item = str | dict[str, Any]
"""A text, or an object that holds a text or an image."""


class _Body(HandedOn, kw_only=True):
    query: Item
    documents: list[Item]
    top_n: Annotated[int, msgspec.Meta(ge=1)] | None = None


_BODY: Final = msgspec.json.Decoder(_Body)


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The request a caller made. Raises `BadRequest` naming the field and the rule."""
    fields, asked, survey = envelope(body), typed(_BODY, body), Survey()
    if not asked.documents:
        raise BadRequest("`documents` must not be empty.", "documents")
    for one in (*asked.documents, asked.query):
        _survey(survey, one)
    return json_request(
        "rerank",
        body,
        headers,
        fields,
        asked,
        survey,
        messages=len(asked.documents),
        stream=False,
    )


def _survey(survey: Survey, one: Item) -> None:
    """The query comes last: it is what the user says."""
    text = one.get("text") if isinstance(one, dict) else one
    if isinstance(text, str):
        survey.text(text)
        survey.last_user = text
    elif isinstance(one, dict) and "image" in one:
        survey.part("vision")


ENDPOINT: Final = Endpoint(
    "/v1/rerank",
    "rerank",
    OPENAI,
    parse,
    PassThroughCaller({"openai": MeteredPassThrough("/rerank", holds="results")}),
)
