"""The rules between the fields of an alert; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import urlsplit

from governance.routing.addresses import forbidden_address
from governance.routing.fields import Problem
from governance.texts import gettext

_UNSAFE: Final = re.compile(r"[^!-~]|[\"<>\\^`{|}]")
_MAIL: Final = re.compile(r"[^@\s,;<>\"]+@[^@\s,;<>\"]+")


def alert_problems(values: Mapping[str, Any], *, names: Iterable[str] = ()) -> Iterator[Problem]:
    """Names are unique whatever their case, and recipients look like addresses."""
    name = values["name"]
    if name and name.casefold() in {one.casefold() for one in names}:
        yield Problem(
            "name",
            "unique",
            gettext('Another alert already has the name "%(name)s".') % {"name": name},
        )
    for place, one in enumerate(values.get("emails") or ()):
        if isinstance(one, str) and not _MAIL.fullmatch(one):
            yield Problem(
                f"emails[{place}]",
                "invalid",
                gettext('"%(one)s" is no e-mail address.') % {"one": one},
            )


def webhook_problems(url: str) -> Iterator[Problem]:
    """What is wrong with the address that messages are sent to."""
    complaint = _complaint(url)
    if complaint:
        yield Problem(
            "webhook_url",
            "invalid",
            gettext("webhook_url %(complaint)s") % {"complaint": complaint},
        )
    elif why := forbidden_address(urlsplit(url).hostname or ""):
        yield Problem("webhook_url", "forbidden", gettext("webhook_url %(why)s.") % {"why": why})


def _complaint(url: str) -> str:
    if _UNSAFE.search(url):
        return gettext("must consist of the characters a URL may have (RFC 3986).")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return gettext("is not a well-formed URL.")
    if parts.scheme not in ("http", "https"):
        return gettext("must begin with http:// or https://.")
    if "@" in parts.netloc:
        return gettext("must not contain a user name or password.")
    if parts.fragment or url.endswith("#"):
        return gettext("must not contain a fragment.")
    if not parts.hostname or port == 0:
        return gettext("must name a host.")
    return ""


def masked(url: str, mask: str) -> str:
    """The address without its path, which often is the secret: `https://hooks.example/****`."""
    if not url:
        return ""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/{mask}"
