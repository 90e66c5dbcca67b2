"""`POST /v1/files`, as Anthropic has it: a file, which one provider will hold.

Source: Anthropic's API reference, "Upload file" of the Files API.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import FormReading
from inference.protocols import ANTHROPIC
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.making_held import MakingHeld
from inference.translate.shelves import MESSAGE_FILES
from inference.values.arriving_form import ArrivingForm
from inference.values.parsed_request import ParsedRequest


class _MessageFiles(FormReading):
    """It has no fields but the file."""

    def read(self, form: ArrivingForm, headers: Mapping[bytes, bytes]) -> ParsedRequest:
        request = super().read(form, headers)
        routing_request = request.routing_request._replace(model="", stream=False)
        return msgspec.structs.replace(request, routing_request=routing_request, sealed=True)


_FORMS: Final = _MessageFiles("message_files", ("file",), first=())
ENDPOINT: Final = Endpoint(
    "/v1/files",
    "message_files",
    ANTHROPIC,
    _FORMS.parse,
    PassThroughCaller({"anthropic": MakingHeld(MESSAGE_FILES)}),
    form=True,
    forms=_FORMS,
    file_limit=True,
)
