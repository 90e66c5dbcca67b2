"""Draining a provider, or forcing its breaker, for a while."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils.translation import gettext

from governance import audit, snapshot
from governance.errors import NotFound, check
from governance.json_values import point_in_time
from governance.models import Provider, ProviderOverride, Revision, TableVersion
from governance.routing.fields import Fields, Problem
from governance.serializers import OverrideSerializer
from governance.services.change import Saved
from governance.services.providers import find_provider

LONGEST: Final = timedelta(days=31)
MINUTES: Final = "minutes"
"""May stand in the place of `until`: from now on."""
WORDS: Final = {
    "drain": "drained",
    "open": "breaker forced open",
    "closed": "breaker forced closed",
}


def set_override(name: str, document: object, *, who: str) -> Saved:
    """Puts an override in force for the provider, in the place of the one that its model had.

    Raises `Invalid`, `NotFound`.
    """
    now = datetime.now(UTC)
    document = _with_end(document, now)
    check([*OverrideSerializer.problems(document), *_problems(document, now)])
    assert isinstance(document, Mapping)
    with transaction.atomic():
        version = _locked()
        provider = find_provider(name)
        provider.overrides.filter(until__lte=now).delete()
        row = ProviderOverride(provider=provider, who=who[:200], since=now)
        OverrideSerializer.fill(row, document)
        provider.overrides.filter(model=row.model).delete()
        row.save()
        until = row.until.astimezone(UTC).isoformat(" ", "minutes")[:16]
        place = f"{row.model}: " if row.model else ""
        words = f"{place}{WORDS[row.state]} until {until} UTC: {row.reason}"
        _publish(version, provider, who, words)
    return Saved(OverrideSerializer.document(row), tuple(OverrideSerializer.unknown(document)))


def end_override(name: str, model: str = "", *, who: str) -> None:
    """Ends the override of the provider, or of one of its models. Raises `NotFound`."""
    with transaction.atomic():
        version = _locked()
        provider = find_provider(name)
        ended = overrides_of(provider).filter(model=model).first()
        if ended is None:
            message = gettext("Nothing is forced upon %(name)s%(value)s.") % {
                "name": provider.name,
                "value": f" / {model}" if model else "",
            }
            raise NotFound(Problem("", "not_found", message))
        ended.delete()
        place = f"{model}: " if model else ""
        _publish(version, provider, who, f"{place}{WORDS[ended.state]} no longer")


def overrides_of(provider: Provider) -> Any:
    """Those in force."""
    return ProviderOverride.objects.filter(provider=provider, until__gt=datetime.now(UTC))


def _with_end(document: object, now: datetime) -> object:
    """The document with `until`, where it says how many minutes."""
    if not isinstance(document, Mapping) or document.get(MINUTES) is None:
        return document
    fields = Fields(document)
    most = int(LONGEST.total_seconds() // 60)
    minutes = fields.number(MINUTES, 1, most, integer=True)
    if document.get("until") is not None:
        message = gettext("Either minutes or until says when it ends, not both.")
        fields.note(MINUTES, "conflict", message)
    check(fields.found)
    rest = {name: value for name, value in document.items() if name != MINUTES}
    return {**rest, "until": (now + timedelta(minutes=minutes or 1)).isoformat()}


def _problems(document: object, now: datetime) -> list[Problem]:
    """That it ends, and neither before now nor in a long time."""
    if not isinstance(document, Mapping):
        return []
    if document.get("until") is None:
        return [Problem("until", "required", gettext("until or minutes must say when it ends."))]
    until = point_in_time(document["until"])
    if until is None or now < until <= now + LONGEST:
        # What is no point in time was noted already.
        return []
    message = gettext("until must lie in the future, and no more than %(days)s days ahead.") % {
        "days": LONGEST.days
    }
    return [Problem("until", "out_of_range", message)]


def _locked() -> TableVersion:
    row, _ = TableVersion.objects.select_for_update().get_or_create(pk=1)
    return row


def _publish(row: TableVersion, provider: Provider, who: str, words: str) -> None:
    """A version of the table, which every process sees within a second; no part of it that could
    be reverted, since it lapses anyway."""
    row.version, row.mark = row.version + 1, secrets.token_hex(16)
    row.providers = row.version
    row.save()
    Revision.objects.create(
        version=row.version,
        mark=row.mark,
        who=who[:200],
        action="override",
        summary=f"{provider.name}: {words}"[:500],
        changes=[],
    )
    name = provider.name
    audit.record(
        [audit.Act("override", "provider", name, name, str(provider.pk), [words])], actor=who
    )
    transaction.on_commit(snapshot.publish, robust=True)
