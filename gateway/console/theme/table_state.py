"""What every page says while requests are routed by something else than what is stored."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from django.apps import apps
from django.http import HttpRequest
from django.urls import reverse

from governance import snapshot

SHOWN: Final = 5


class OutOfService(NamedTuple):
    """A row that requests do not see, since what is stored cannot be read."""

    kind: str
    name: str
    link: str


def table_state(request: HttpRequest) -> dict[str, Any]:
    """Empty where all is well; nothing is asked of the database then."""
    if not (request.user.is_authenticated and request.user.is_staff):
        return {}
    found = list(_out_of_service(request))
    return {
        "table_stale": snapshot.stale(),
        "out_of_service": found[:SHOWN],
        "more_out_of_service": max(0, len(found) - SHOWN),
    }


def _out_of_service(request: HttpRequest) -> Iterator[OutOfService]:
    """Those whose page this person may open."""
    for label, key in snapshot.out_of_service():
        meta = apps.get_model(label)._meta
        if request.user.has_perm(f"{meta.app_label}.view_{meta.model_name}"):
            link = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[key])
            yield OutOfService(str(meta.verbose_name), _name(label, key), link)


def _name(label: str, key: str) -> str:
    """What it is called, unless that cannot be read either."""
    model = apps.get_model(label)
    columns = {one.name for one in model._meta.fields} & {"name", "pattern"}
    rows = model._default_manager.filter(pk=key)
    try:
        return str(rows.values_list(*columns, flat=True).get())
    except Exception:
        # Whatever is wrong with it: its page, which the name leads to, says that.
        return key
