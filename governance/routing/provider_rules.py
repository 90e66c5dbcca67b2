"""The rules between the fields of a provider, and between providers and profiles; pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from governance.kinds import ProviderKind, kind_named
from governance.routing.addresses import forbidden_address
from governance.routing.fields import Problem, kind_of
from governance.routing.model_facts import facts_problems
from governance.texts import gettext

Values = Mapping[str, Any]

SCHEMES: Final = ("http", "https", "http+unix")
MAX_HEADERS: Final = 50

FORBIDDEN_HEADERS: Final = frozenset(
    {
        "authorization",
        "connection",
        "content-length",
        "content-type",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that the gateway writes itself, or that belong to one connection (RFC 9110, 7.6.1)."""

_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,200}")  # RFC 9110, 5.6.2
_HEADER_VALUE = re.compile(r"[\x21-\x7e](?:[\t\x20-\x7e]{0,3998}[\x21-\x7e])?")  # RFC 9110, 5.5
_UNSAFE_IN_URL = re.compile(r"[^\x21-\x7e]|[<>\"{}|\\^`]")


def provider_problems(
    values: Values, *, others: Iterable[str] = (), virtual_providers: Iterable[str] = ()
) -> Iterator[Problem]:
    """Every rule between the fields of a provider, its neighbours and the world around it."""
    yield from name_problems(values, others=others, virtual_providers=virtual_providers)
    yield from base_url_problems(values)
    yield from address_problems(values)
    yield from facts_problems(values["model_facts"])


def name_problems(
    values: Values, *, others: Iterable[str] = (), virtual_providers: Iterable[str] = ()
) -> Iterator[Problem]:
    """`others` are the names of the other providers, `virtual_providers` those of the profiles.

    A name belongs to one of them only, whatever its case.
    """
    name = values["name"]
    if not name:
        return
    if not _NAME.fullmatch(name) or name in (".", ".."):
        message = gettext("name must be 1 to 100 letters, digits and the characters . _ -")
        yield Problem("name", "invalid", message)
    if name.casefold() in {other.casefold() for other in others}:
        yield Problem(
            "name",
            "unique",
            gettext('Another provider already has the name "%(name)s".') % {"name": name},
        )
    if name.casefold() in {virtual.casefold() for virtual in virtual_providers}:
        message = gettext('"%(name)s" is the virtual provider of a routing profile.') % {
            "name": name
        }
        yield Problem("name", "virtual_provider", message)


def base_url_problems(values: Values) -> Iterator[Problem]:
    """The kind says whether there must be one: the built-in engine has none."""
    url, name = values["base_url"], values["kind"]
    kind = kind_named(name)
    complaint = base_url_complaint(_without_query(url, kind)) if url else ""
    if complaint:
        yield Problem("base_url", "invalid", complaint)
    elif url and kind is not None and kind.base_url == "forbidden":
        yield Problem(
            "base_url",
            "forbidden",
            gettext('The kind "%(name)s" has no base_url.') % {"name": name},
        )
    elif not url and kind is not None and kind.base_url == "required":
        yield Problem(
            "base_url",
            "required",
            gettext('base_url is required for the kind "%(name)s".') % {"name": name},
        )


def address_problems(values: Values) -> Iterator[Problem]:
    """Whether the address may be reached at all; one that is no address was told of before."""
    url = values["base_url"]
    sound = url and not base_url_complaint(_without_query(url, kind_named(values["kind"])))
    why = forbidden_address(urlsplit(url).hostname or "") if sound else ""
    if why:
        yield Problem("base_url", "forbidden", gettext("base_url %(why)s.") % {"why": why})


def _without_query(url: str, kind: ProviderKind | None) -> str:
    """The URL without what kinds that name a version of their API there may have in it."""
    return url.partition("?")[0] if kind is not None and kind.base_url_query else url


def base_url_complaint(url: str) -> str:
    """What is wrong with the form of a base URL, as a sentence; "" when nothing is.

    `http+unix://%2Frun%2Fserver.sock/v1` names a Unix socket by its percent-encoded path.
    """
    if _UNSAFE_IN_URL.search(url):
        return gettext("base_url must consist of the characters a URL may have (RFC 3986).")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return gettext("base_url is not a well-formed URL.")
    if parts.scheme not in SCHEMES:
        return gettext("base_url must begin with http://, https:// or http+unix://.")
    if "@" in parts.netloc:
        return gettext("base_url must not contain a user name or password.")
    if "?" in url or "#" in url:
        return gettext("base_url must not contain a query or a fragment.")
    if parts.scheme == "http+unix":
        if not unquote(parts.netloc).startswith("/"):
            return gettext("base_url must name a socket by its percent-encoded absolute path.")
        return ""
    if not parts.hostname:
        return gettext("base_url must name a host.")
    if port == 0:
        return gettext("base_url must not name port 0.")
    return ""


def header_problems(headers: object) -> Iterator[Problem]:
    """What is wrong with headers sent along, a mapping of names and values."""
    if not isinstance(headers, Mapping):
        message = gettext("extra_headers must be an object, not %(kind_of)s.") % {
            "kind_of": kind_of(headers)
        }
        yield Problem("extra_headers", "type", message)
        return
    if len(headers) > MAX_HEADERS:
        message = gettext("extra_headers must have at most %(max_headers)s entries.") % {
            "max_headers": MAX_HEADERS
        }
        yield Problem("extra_headers", "too_many", message)
        return
    seen: set[str] = set()
    for name, value in headers.items():
        path = f"extra_headers.{name}"
        if not _TOKEN.fullmatch(name):
            yield Problem(path, "invalid", gettext("This is not a valid name of an HTTP header."))
        elif name.lower() in FORBIDDEN_HEADERS:
            yield Problem(
                path, "forbidden", gettext('The gateway sets "%(name)s" itself.') % {"name": name}
            )
        elif name.lower() in seen:
            yield Problem(
                path, "unique", gettext('The header "%(name)s" stands here twice.') % {"name": name}
            )
        seen.add(name.lower())
        if not isinstance(value, str):
            message = gettext("Its value must be a string, not %(kind_of)s.") % {
                "kind_of": kind_of(value)
            }
            yield Problem(path, "type", message)
        elif value and not _HEADER_VALUE.fullmatch(value):
            message = gettext(
                "Its value must be printable ASCII without white space at either end."
            )
            yield Problem(path, "invalid", message)
