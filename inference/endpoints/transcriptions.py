"""`POST /v1/audio/transcriptions`: sound in, text out.

Source: OpenAI's API reference, "Create transcription".
"""

from __future__ import annotations

from typing import Any, Final

from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import FormReading
from inference.endpoints.sound import HEARD_AT_LEAST
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.metered import MeteredPassThrough

_FORMS: Final = FormReading("transcriptions", ("file",), ("audio",), units=HEARD_AT_LEAST)


def _events(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**document, "type": "transcript.text.done"}]


ENDPOINT: Final = Endpoint(
    "/v1/audio/transcriptions",
    "transcriptions",
    OPENAI,
    _FORMS.parse,
    PassThroughCaller({"openai": MeteredPassThrough("/audio/transcriptions", unrolled=_events)}),
    form=True,
    forms=_FORMS,
)
