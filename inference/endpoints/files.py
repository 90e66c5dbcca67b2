"""`POST /v1/files`, as OpenAI has it: a file, which one provider will hold.

Source: OpenAI's API reference, "Upload file".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import FormReading
from inference.protocols import OPENAI
from inference.translate.batch_lines import PURPOSE, MakingFile, model_of_line
from inference.translate.chat.caller import PassThroughCaller
from inference.values.arriving_form import ArrivingForm
from inference.values.bounds import CHARACTERS, check_characters
from inference.values.parsed_request import BadRequest, ParsedRequest


class _Files(FormReading):
    """A file of requests for a batch goes where its model is; any other one where the profile
    leads that counts without a model."""

    def is_enough(self, form: ArrivingForm) -> bool:
        if not super().is_enough(form):
            return False
        return form.fields["purpose"] != PURPOSE or form.first_line() is not None

    def read(self, form: ArrivingForm, headers: Mapping[bytes, bytes]) -> ParsedRequest:
        request = super().read(form, headers)
        if not form.fields.get("purpose"):
            raise BadRequest("`purpose` is required.", "purpose")
        model = ""
        if form.fields["purpose"] == PURPOSE:
            found = model_of_line(form.first_line() or b"")
            if found is None:
                raise BadRequest(
                    "`file`: line 1 is no JSON object with a `body` that has a `model`.", "file"
                )
            check_characters("file", model := found, CHARACTERS["model"])
        routing_request = request.routing_request._replace(model=model, stream=False)
        return msgspec.structs.replace(request, routing_request=routing_request, sealed=True)


_FORMS: Final = _Files("files", ("file",), first=("purpose",))
ENDPOINT: Final = Endpoint(
    "/v1/files",
    "files",
    OPENAI,
    _FORMS.parse,
    PassThroughCaller({"openai": MakingFile()}),
    form=True,
    forms=_FORMS,
    file_limit=True,
)
