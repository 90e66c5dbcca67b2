"""What a page of a profile says of its targets, as saved and as typed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from gateway.console.targets.beside_words import beside_words
from gateway.console.targets.forms import TargetForm, TargetFormSet
from gateway.console.targets.ordering import steps
from gateway.console.targets.row_state import RowStates, summary
from gateway.console.targets.shares import share, typed_shares
from governance import frozen, snapshot
from governance.models import RoutingProfile, RoutingTarget
from governance.routing.fallback import place_of, sentence_for
from governance.routing.fallback_modes import ALWAYS, NEVER, mode_of
from governance.strategies import STRATEGIES, Strategy, strategy_named


def shown(formset: TargetFormSet) -> dict[str, Any]:
    """Gives every row what stands beside its fields; the rest is for the templates around them."""
    profile, states = formset.instance, RowStates()
    rows = formset.rows
    shares = _shares(formset)
    priorities = [_number(_value(form, "priority"), 0) for form in rows]
    strategy = strategy_named(profile.strategy)
    divided = steps(priorities) if strategy.reads_priority else [False] * len(rows)
    for form, above in zip(rows, divided, strict=True):
        form.state = states.of(_target(form), profile)
        form.share = shares.get(str(form.prefix), "")
        form.divided = above
    return {
        **sentences(profile, rows),
        "weights": weighs(strategy),
        "weighing": [name for name, one in STRATEGIES.items() if weighs(one)],
    }


def told(formset: TargetFormSet) -> dict[str, Any]:
    """The same of rows that are typed, for the page's script."""
    states, rows = RowStates(), formset.rows
    said = sentences(formset.instance, rows)
    return {
        "summary": said["sentence"],
        "otherwise": said["otherwise"],
        "rows": {
            str(form.prefix): states.of(_target(form), formset.instance).document() for form in rows
        },
    }


def sentences(profile: RoutingProfile, rows: list[TargetForm]) -> dict[str, str]:
    """Where requests go, and what happens when none of it answers."""
    targets = [_target(form) for form in rows if not _is_deleted(form)]
    mode = mode_of(settings.LOCAL_FALLBACK, profile.local_fallback).mode
    strategy = strategy_named(profile.strategy)
    where = summary(profile, targets, _otherwise(mode), strategy)
    return {
        "sentence": f"{where} {beside_words(profile)}".rstrip(),
        "otherwise": sentence_for(frozen.PROFILE.of(profile, targets=()), snapshot.current()),
    }


def weighs(strategy: Strategy) -> bool:
    """Whether weights are shares of requests; where they only order equals, the page hides them."""
    return strategy.reads_weight and strategy.draws


def _otherwise(mode: str) -> str:
    if mode == NEVER or not place_of(snapshot.current().local_default):
        return _("else the request fails")
    return _("then local") if mode == ALWAYS else _("then local if none can be reached")


def _shares(formset: TargetFormSet) -> Mapping[str, str]:
    if formset.is_bound:
        return typed_shares(formset, formset.instance.strategy)
    return saved_shares(formset)


def saved_shares(formset: TargetFormSet) -> dict[str, str]:
    """Of a page that was just opened."""
    targets = [form.instance for form in formset.rows if not form.instance._state.adding]
    for target in targets:
        target.profile = formset.instance
    return {
        str(form.prefix): share(form.instance, targets)
        for form in formset.rows
        if not form.instance._state.adding
    }


def _target(form: TargetForm) -> RoutingTarget:
    """What stands in the row, right or wrong."""
    return RoutingTarget(
        provider=str(_value(form, "provider") or "").strip(),
        model=str(_value(form, "model") or "").strip(),
        virtual_model=str(_value(form, "virtual_model") or "").strip(),
        enabled=bool(_value(form, "enabled")),
        request_types=list(_value(form, "request_types") or ()),
        weight=_number(_value(form, "weight"), 1),
        **{
            name: _number(_value(form, name), None)
            for name in ("request_percent_threshold", "token_percent_threshold")
        },
    )


def _value(form: TargetForm, name: str) -> Any:
    if name not in form.fields:
        return getattr(form.instance, name)
    return form[name].value()


def _number(value: Any, default: Any) -> Any:
    try:
        return float(value)
    except (TypeError, ValueError):
        return default


def _is_deleted(form: TargetForm) -> bool:
    return "DELETE" in form.fields and bool(form["DELETE"].value())
