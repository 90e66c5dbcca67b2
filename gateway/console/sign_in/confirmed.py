"""Whether whoever sits at a session knows its password: one left open is not enough for some."""

from __future__ import annotations

from django.contrib.auth import authenticate
from django.http import HttpRequest


def confirmed(request: HttpRequest) -> bool:
    """Whether the form holds the person's password. Guesses count as those at the door do."""
    name = request.user.get_username()
    user = authenticate(request, username=name, password=request.POST.get("password", ""))
    return user is not None and user.pk == request.user.pk
