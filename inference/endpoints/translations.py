"""`POST /v1/audio/translations`: sound in, text out.

Source: OpenAI's API reference, "Create translation".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import form_request
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.metered import MeteredPassThrough
from inference.values.parsed_request import ParsedRequest


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The form a caller sent. Raises `BadRequest` naming the field and the rule."""
    return form_request("translations", body, headers, file=("file",), needs=("audio",))


ENDPOINT: Final = Endpoint(
    "/v1/audio/translations",
    "translations",
    OPENAI,
    parse,
    PassThroughCaller({"openai": MeteredPassThrough("/audio/translations")}),
    form=True,
)
