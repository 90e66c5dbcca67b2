"""`POST /v1/images/edits`: a form with images, or JSON that names them.

Source: OpenAI's API reference, "Create image edit".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import FormReading, HandedOn, is_form, json_request
from inference.endpoints.pictures import counted, passed_to
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.values.parsed_request import ParsedRequest
from inference.values.parsing import Survey, envelope, typed

_NEEDS: Final = ("vision",)
_FORMS: Final = FormReading("image_edits", ("image", "image[]"), _NEEDS, units={"images": 1.0})


class _Body(HandedOn, kw_only=True):
    prompt: str


_BODY: Final = msgspec.json.Decoder(_Body)


def parse(body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
    """The request a caller made. Raises `BadRequest` naming the field and the rule."""
    if is_form(headers):
        return _FORMS.parse(body, headers)
    fields, asked, survey = envelope(body), typed(_BODY, body), Survey()
    survey.text(asked.prompt)
    survey.last_user = asked.prompt
    request = json_request("image_edits", body, headers, fields, asked, survey, needs=_NEEDS)
    return counted(request)


ENDPOINT: Final = Endpoint(
    "/v1/images/edits",
    "image_edits",
    OPENAI,
    parse,
    PassThroughCaller({"openai": passed_to("/images/edits", "image_edit")}),
    forms=_FORMS,
)
