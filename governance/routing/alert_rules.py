"""The rules between the fields of an alert; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from governance.routing.addresses import forbidden_address
from governance.routing.fields import Problem

_UNSAFE: Final = re.compile(r"[^!-~]|[\"<>\\^`{|}]")
_MAIL: Final = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")


def alert_problems(values: Mapping[str, Any], *, names: Iterable[str] = ()) -> Iterator[Problem]:
    """Names are unique whatever their case, and recipients look like addresses."""
    name = values["name"]
    if name and name.casefold() in {one.casefold() for one in names}:
        yield Problem("name", "unique", f'Another alert already has the name "{name}".')
    for place, one in enumerate(values.get("emails") or ()):
        if isinstance(one, str) and not _MAIL.fullmatch(one):
            yield Problem(f"emails[{place}]", "invalid", f'"{one}" is no e-mail address.')


def webhook_problems(url: str) -> Iterator[Problem]:
    """What is wrong with the address that messages are sent to."""
    complaint = _complaint(url)
    if complaint:
        yield Problem("webhook_url", "invalid", f"webhook_url {complaint}")
    elif why := forbidden_address(urlsplit(url).hostname or ""):
        yield Problem("webhook_url", "forbidden", f"webhook_url {why}.")


def _complaint(url: str) -> str:
    if _UNSAFE.search(url):
        return "must consist of the characters a URL may have (RFC 3986)."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "is not a well-formed URL."
    if parts.scheme not in ("http", "https"):
        return "must begin with http:// or https://."
    if "@" in parts.netloc:
        return "must not contain a user name or password."
    if parts.fragment or url.endswith("#"):
        return "must not contain a fragment."
    if not parts.hostname or port == 0:
        return "must name a host."
    return ""


def masked(url: str, mask: str) -> str:
    """The address without its path, which often is the secret: `https://hooks.example/****`."""
    if not url:
        return ""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{mask}"
