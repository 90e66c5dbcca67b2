"""Claude by InvokeModel: Anthropic's own body, with betas in it."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

import msgspec

from inference.translate.base import EVENT_STREAM, StreamTranslator
from inference.translate.bedrock.framed import FramedStream, InvokedEvents
from inference.translate.bedrock.frames import MEDIA_TYPE
from inference.translate.hosted_claude import HostedClaude, anthropic_translator
from inference.translate.hub import DirectCaller
from inference.values.parsed_request import ParsedRequest

VERSION: Final = "bedrock-2023-05-31"
"""Source: Bedrock's guide "Anthropic Claude Messages API"."""
_ELSEWHERE: Final = frozenset({"model", "stream", "metadata", "service_tier", "inference_geo"})


class InvokedClaude(HostedClaude):
    """The translator."""

    def more(self, request: ParsedRequest) -> dict[str, msgspec.Raw]:
        """The caller's betas: here they are no header."""
        betas = request.headers.get(b"anthropic-beta", b"").decode("latin-1")
        names = [name.strip() for name in betas.split(",") if name.strip()]
        return {"anthropic_beta": msgspec.Raw(msgspec.json.encode(names))} if names else {}

    def stream(self, request: ParsedRequest, media_type: str = EVENT_STREAM) -> StreamTranslator:
        within = super().stream(request, EVENT_STREAM)
        return FramedStream(within, InvokedEvents()) if is_framed(media_type) else within


def is_framed(media_type: str) -> bool:
    return media_type.lower().startswith(MEDIA_TYPE)


def _path(model: str, stream: bool) -> str:
    method = "invoke-with-response-stream" if stream else "invoke"
    return f"/model/{quote(model, safe='')}/{method}"


def invoked(caller: DirectCaller) -> InvokedClaude:
    return InvokedClaude(anthropic_translator(caller), VERSION, _path, _ELSEWHERE)
