"""Static files as whole answers."""

from __future__ import annotations

import contextlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware


class StaticFiles(WhiteNoiseMiddleware):  # type: ignore[misc]  # whitenoise is untyped
    """WhiteNoise for an ASGI service.

    It answers with files to be read block by block, which Django's ASGI handler would gather in
    a thread before it sends the first, with a warning about it.
    """

    @staticmethod
    def serve(static_file: Any, request: HttpRequest) -> HttpResponse:
        found = WhiteNoiseMiddleware.serve(static_file, request)
        with contextlib.closing(found):
            answer = HttpResponse(b"".join(found), status=found.status_code)
        del answer["content-type"]
        for name, value in found.items():
            answer[name] = value
        return answer
