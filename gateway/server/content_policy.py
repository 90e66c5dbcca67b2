"""What a browser may load and run on our pages (Content Security Policy, level 3)."""

from __future__ import annotations

from csp.middleware import CSPMiddleware
from django.http import HttpRequest


class ContentPolicy(CSPMiddleware):
    """django-csp, with a nonce on every page: scripts of ours carry it, injected ones do not."""

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        str(request.csp_nonce)  # type: ignore[attr-defined]  # the header has it once it is made
