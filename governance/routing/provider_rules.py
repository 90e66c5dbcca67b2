"""The rules a provider must keep, whichever door it comes in by."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import unquote, urlsplit

from governance.kinds import KINDS, kind_named
from governance.routing.fields import Fields, Problem, kind_of
from governance.routing.kinds import FEATURES, MODALITIES

PROVIDER_FIELDS: Final = (
    "name",
    "kind",
    "base_url",
    "api_key",
    "is_local",
    "default_model",
    "models",
    "capabilities",
    "extra_headers",
    "connect_timeout",
    "first_event_timeout",
    "idle_timeout",
    "total_timeout",
    "max_concurrency",
    "enabled",
    "is_default",
)
SCHEMES: Final = ("http", "https", "http+unix")
MAX_TIMEOUT: Final = 86_400.0
"""Seconds; a day."""
MAX_CONCURRENCY: Final = 100_000
MAX_HEADERS: Final = 50
MAX_MODELS: Final = 2_000

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
    document: object, *, others: Iterable[str] = (), virtual_providers: Iterable[str] = ()
) -> list[Problem]:
    """Every rule that one provider document breaks; empty when it may be saved.

    Takes any JSON value and never raises. `others` are the names of the other providers,
    `virtual_providers` those of the routing profiles: a name belongs to one of them only,
    whatever its case. Times are seconds. Whether an address may be reached at all is a question
    of `addresses`, asked separately.
    """
    if not isinstance(document, Mapping):
        message = f"A provider must be an object, not {kind_of(document)}."
        return [Problem("", "type", message)]
    fields = Fields(document)
    _check_name(fields, others, virtual_providers)
    kind = fields.choice("kind", tuple(KINDS))
    _check_base_url(fields, kind)
    fields.text("api_key")
    fields.text("default_model")
    _check_models(fields)
    fields.choices("capabilities", MODALITIES + FEATURES)
    _check_headers(fields)
    for name in ("connect_timeout", "first_event_timeout", "idle_timeout", "total_timeout"):
        fields.number(name, 0, MAX_TIMEOUT, above=True)
    fields.number("max_concurrency", 1, MAX_CONCURRENCY, integer=True)
    for name in ("is_local", "enabled", "is_default"):
        fields.flag(name, default=True)
    return fields.found


def unknown_provider_fields(document: object) -> list[Problem]:
    """A warning for each field of a provider that this service does not know."""
    if not isinstance(document, Mapping):
        return []
    fields = Fields(document)
    fields.unknown(PROVIDER_FIELDS, "A provider")
    return fields.found


def _check_name(fields: Fields, others: Iterable[str], virtual_providers: Iterable[str]) -> None:
    name = fields.text("name", required=True)
    if not name:
        return
    if not _NAME.fullmatch(name) or name in (".", ".."):
        message = "name must be 1 to 100 letters, digits and the characters . _ -"
        fields.note("name", "invalid", message)
    if name.casefold() in {other.casefold() for other in others}:
        fields.note("name", "unique", f'Another provider already has the name "{name}".')
    if name.casefold() in {virtual.casefold() for virtual in virtual_providers}:
        message = f'"{name}" is the virtual provider of a routing profile.'
        fields.note("name", "virtual_provider", message)


def _check_base_url(fields: Fields, name: str) -> None:
    """The kind says whether there must be one: the built-in engine has none."""
    kind = kind_named(name)
    before = len(fields.found)
    url = fields.text("base_url")
    if url:
        complaint = base_url_complaint(url)
        if complaint:
            fields.note("base_url", "invalid", complaint)
        elif kind is not None and kind.base_url == "forbidden":
            fields.note("base_url", "forbidden", f'The kind "{name}" has no base_url.')
    elif kind is not None and kind.base_url == "required" and len(fields.found) == before:
        fields.note("base_url", "required", f'base_url is required for the kind "{name}".')


def base_url_complaint(url: str) -> str:
    """What is wrong with the form of a base URL, as a sentence; "" when nothing is.

    `http+unix://%2Frun%2Fserver.sock/v1` names a Unix socket by its percent-encoded path.
    """
    if _UNSAFE_IN_URL.search(url):
        return "base_url must consist of the characters a URL may have (RFC 3986)."
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "base_url is not a well-formed URL."
    if parts.scheme not in SCHEMES:
        return "base_url must begin with http://, https:// or http+unix://."
    if "@" in parts.netloc:
        return "base_url must not contain a user name or password."
    if "?" in url or "#" in url:
        return "base_url must not contain a query or a fragment."
    if parts.scheme == "http+unix":
        if not unquote(parts.netloc).startswith("/"):
            return "base_url must name a socket by its percent-encoded absolute path."
        return ""
    if not parts.hostname:
        return "base_url must name a host."
    if port == 0:
        return "base_url must not name port 0."
    return ""


def _check_models(fields: Fields) -> None:
    models = fields.document.get("models")
    if models is None:
        return
    if not isinstance(models, list | tuple):
        fields.note("models", "type", f"models must be a list, not {kind_of(models)}.")
    elif len(models) > MAX_MODELS:
        fields.note("models", "too_many", f"models must have at most {MAX_MODELS} entries.")
    else:
        for index, model in enumerate(models):
            one = Fields({"model": model})
            one.text("model", required=True)
            fields.found += [
                Problem(fields.path(f"models[{index}]"), problem.code, problem.message)
                for problem in one.found
            ]


def _check_headers(fields: Fields) -> None:
    headers = fields.document.get("extra_headers")
    if headers is None:
        return
    if not isinstance(headers, Mapping):
        message = f"extra_headers must be an object, not {kind_of(headers)}."
        fields.note("extra_headers", "type", message)
        return
    if len(headers) > MAX_HEADERS:
        message = f"extra_headers must have at most {MAX_HEADERS} entries."
        fields.note("extra_headers", "too_many", message)
        return
    seen: set[str] = set()
    for name, value in headers.items():
        path = f"extra_headers.{name}"
        if not _TOKEN.fullmatch(name):
            fields.note(path, "invalid", "This is not a valid name of an HTTP header.")
        elif name.lower() in FORBIDDEN_HEADERS:
            fields.note(path, "forbidden", f'The gateway sets "{name}" itself.')
        elif name.lower() in seen:
            fields.note(path, "unique", f'The header "{name}" stands here twice.')
        seen.add(name.lower())
        if not isinstance(value, str):
            fields.note(path, "type", f"Its value must be a string, not {kind_of(value)}.")
        elif value and not _HEADER_VALUE.fullmatch(value):
            message = "Its value must be printable ASCII without white space at either end."
            fields.note(path, "invalid", message)
