"""`POST /v1/audio/translations`: sound in, text out.

Source: OpenAI's API reference, "Create translation".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import form_request
from inference.endpoints.sound import HEARD_AT_LEAST
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.metered import MeteredPassThrough
from inference.values.parsed_request import ParsedRequest


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The form a caller sent. Raises `BadRequest` naming the field and the rule."""
    request = form_request("translations", body, headers, file=("file",), needs=("audio",))
    return msgspec.structs.replace(request, units=HEARD_AT_LEAST)


ENDPOINT: Final = Endpoint(
    "/v1/audio/translations",
    "translations",
    OPENAI,
    parse,
    PassThroughCaller({"openai": MeteredPassThrough("/audio/translations")}),
    form=True,
)
