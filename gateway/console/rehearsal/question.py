"""What the panel asks: a request in a few words, a pasted one, or one of the past."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from django.http import QueryDict
from django.utils.translation import gettext

from governance.api import simulation
from governance.errors import Invalid
from governance.routing.fields import Problem
from governance.routing.table import RoutingTable
from governance.what_if.past import past_request
from governance.whole_number import whole_number

PREFIX: Final = "rehearse-"


def read_question(posted: QueryDict, table: RoutingTable) -> simulation.Asked:
    """The request, its key and the supposed conditions. Raises `Invalid`."""
    names = [name for name in posted if name.startswith(PREFIX)]
    given = {name.removeprefix(PREFIX): str(posted[name]) for name in names}
    what_if = {
        name.removeprefix("if-"): value
        for name, value in given.items()
        if name.startswith("if-")
        and value
        and name.removeprefix("if-").casefold() in table.providers
    }
    document: dict[str, Any] = {"what_if": what_if, "virtual_key_id": given.get("key") or None}
    source = given.get("source", "words")
    if source == "past":
        return _of_the_past(given.get("past", ""), document, table)
    if source == "pasted":
        document["request"] = _parsed(given.get("request", ""))
    else:
        document["model"] = given.get("model", "").strip()
        document["capabilities"] = posted.getlist(f"{PREFIX}capabilities")
    document["request_type"] = given.get("type") or "chat"
    return simulation.asked(document, table)


def _of_the_past(number: str, document: dict[str, Any], table: RoutingTable) -> simulation.Asked:
    wanted = whole_number(number)
    past = past_request(wanted) if wanted is not None else None
    if past is None:
        raise Invalid(
            Problem("past", "not_found", gettext("That request is not in the log any more."))
        )
    known = any(virtual_key.id == past.key_id for virtual_key in table.virtual_keys.values())
    if document["virtual_key_id"] is None and known:
        document["virtual_key_id"] = past.key_id
    return replace(simulation.asked(document, table), routing_request=past.routing_request)


def _parsed(text: str) -> Mapping[str, Any]:
    try:
        request = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = gettext("The request is no JSON: %(error)s.") % {"error": error}
        raise Invalid(Problem("request", "json", message)) from None
    if not isinstance(request, Mapping):
        raise Invalid(Problem("request", "type", gettext("The request must be a JSON object.")))
    return request
