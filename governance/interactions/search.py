"""Searching the log by anything the list shows: what words may stand for, each along an index."""

from __future__ import annotations

from typing import Final

from django.db.models import Q
from django.utils.translation import gettext

from governance.interactions.distinct import values_with
from governance.interactions.filters import error_words, group_columns, session_columns
from governance.interactions.record import OUTCOMES
from governance.models import (
    ApiKey,
    Group,
    Interaction,
    RoutingProfile,
    UsageBucket,
)

MOST: Final = 10
"""Names of one sort that words may stand for."""
BUCKETS: Final = 3_000
"""Of the usage ledger, whose names are looked at."""
LATEST: Final = 1_000
"""Requests whose model is looked at; callers may ask for any."""


def meanings(words: str) -> list[Q]:
    """Every set of requests the words may stand for; together they are what is found.

    A request id or a session that is known stands for itself alone.
    """
    for exact in (Q(request_id=words), Q(**session_columns(words))):
        if Interaction.objects.filter(exact).exists():
            return [exact]
    keys, profiles, groups = _named(words)
    # No word of an error holds a space, so a whole name of several words is meant as one. To look
    # through all errors costs more than everything else.
    whole = " " in words and any((keys, profiles, groups)) and _is_a_name(words)
    return [
        *([] if whole else [error_words(words)]),
        *(Q(key_id=one) for one in keys),
        *(Q(profile_id=one) for one in profiles),
        *(Q(**group_columns(one)) for one in groups),
        *_places(words),
        *(Q(requested_model=one) for one in _requested(words)),
        *(
            Q(outcome=one)
            for one, said in OUTCOMES.items()
            if gettext(said).casefold() == words.casefold()
        ),
    ]


def _named(words: str) -> list[list[str]]:
    """Ids of keys, profiles and groups of such a name: those that are there, and those that were
    noted with requests of late and may be gone or renamed."""
    part = words.casefold()
    columns = ("key_id", "key_name", "profile_id", "profile_name", "group_id", "group_name")
    latest = UsageBucket.objects.order_by("-start")
    if words.isascii():
        # The database tells these apart whatever their case, and reads them in a tenth of the time.
        named = Q(*((f"{one}__icontains", words) for one in columns[1::2]), _connector=Q.OR)
        # By when they began: given ids, PostgreSQL compares the names of the whole ledger first.
        began = latest.values_list("start", flat=True)[BUCKETS - 1 : BUCKETS]
        latest = latest.filter(named, *(Q(start__gte=moment) for moment in began))
    noted = list(latest.values_list(*columns)[:BUCKETS])
    found = []
    for place, model in enumerate((ApiKey, RoutingProfile, Group)):
        there = model._default_manager.filter(name__icontains=words).order_by("name")
        ids = dict.fromkeys(str(pk) for pk in there.values_list("pk", flat=True)[:MOST])
        for one in noted:
            identity, name = one[place * 2 : place * 2 + 2]
            if identity and len(ids) < MOST and part in name.casefold():
                ids[identity] = None
        found.append(list(ids))
    return found


def _is_a_name(words: str) -> bool:
    """Whether a key, a profile or a group is called just so."""
    models = (ApiKey, RoutingProfile, Group)
    return any(model._default_manager.filter(name__iexact=words).exists() for model in models)


def _places(words: str) -> list[Q]:
    """Providers and models of the log; `provider/model` as the list has it."""
    provider, slash, model = words.partition("/")
    both = [Q(provider=provider, model=model)] if slash else []
    found = list(both)
    for column in ("provider", "model"):
        found += [Q(**{column: one}) for one in values_with(column, words, MOST)]
    return found


def _requested(words: str) -> list[str]:
    """Models that callers asked for lately, and these very words."""
    latest = Interaction.objects.order_by("-time", "-id").values_list("requested_model", flat=True)
    part = words.casefold()
    found = {one for one in latest[:LATEST] if part in one.casefold()}
    return [words, *sorted(found - {words})[:MOST]]
