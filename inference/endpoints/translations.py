"""`POST /v1/audio/translations`: sound in, text out.

Source: OpenAI's API reference, "Create translation".
"""

from __future__ import annotations

from typing import Final

from inference.endpoints.endpoint import Endpoint
from inference.endpoints.handed_on import FormReading
from inference.endpoints.sound import HEARD_AT_LEAST
from inference.protocols import OPENAI
from inference.translate.chat.caller import PassThroughCaller
from inference.translate.metered import MeteredPassThrough

_FORMS: Final = FormReading("translations", ("file",), ("audio",), units=HEARD_AT_LEAST)


ENDPOINT: Final = Endpoint(
    "/v1/audio/translations",
    "translations",
    OPENAI,
    _FORMS.parse,
    PassThroughCaller({"openai": MeteredPassThrough("/audio/translations")}),
    form=True,
    forms=_FORMS,
)
