"""Pages are in the language of whoever looks, where there is a catalogue of it.

Programs are answered in English whatever they say they accept: what they read is part of the API.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

PROGRAMS: Final = ("/api/", "/v1/")


def viewer_language_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """As the browser asks for it; `LANGUAGE_CODE` where it asks for none that there is."""

    def answer(request: HttpRequest) -> HttpResponse:
        if request.path.startswith(PROGRAMS):
            return get_response(request)
        with translation.override(translation.get_language_from_request(request)):
            found = get_response(request)
        patch_vary_headers(found, ("Accept-Language",))
        return found

    return answer
