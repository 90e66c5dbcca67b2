"""What becomes of one target, and the sentence that says why.

Each check belongs to one of `plan.REJECTIONS`; `evaluate` goes through them in that order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from governance.kinds import kind_named
from governance.limits import MEASURES, highest
from governance.routing.breaker import HealthStatus
from governance.routing.capabilities import missing
from governance.routing.overrides import DRAIN, override_of
from governance.routing.plan import Verdict
from governance.routing.table import Profile, ProviderEntry, RoutingTable, Target, VirtualKey
from governance.routing.vocabulary import MODALITIES
from governance.texts import gettext

Rejection = tuple[str, str]
"""One of `plan.REJECTIONS` and a sentence for operators."""

WILDCARD: Final = "*"


@dataclass(frozen=True, slots=True)
class EvaluationContext:
    """What all targets of a profile are judged by."""

    request_type: str
    required_capabilities: frozenset[str]
    alias: str | None
    binding: frozenset[str]
    """Features some enabled target declares."""
    profile: Profile
    virtual_key: VirtualKey
    table: RoutingTable


def evaluate(target: Target, context: EvaluationContext) -> Verdict:
    """The verdict on a target as far as configuration decides it."""
    provider = context.table.providers.get(target.provider.casefold())
    model = model_for(target, provider, context)
    rejection = (
        _disabled(target)
        or _alias_mismatch(target, context)
        or _request_type_mismatch(target, provider, context)
        or _capability_mismatch(target, model, provider, context)
        or unavailable_reason(target.provider, context.profile, context.virtual_key, context.table)
        or _model_missing(model, target)
        or _drained(target, model, context)
    )
    if rejection is None:
        return Verdict(target, model)
    return Verdict(target, model, *rejection)


def serves(target: Target, alias: str | None) -> bool:
    """Whether the target is there for the alias; None asks for no alias in particular."""
    name = target.virtual_model
    return alias is None or name in ("", WILDCARD) or name.casefold() == alias.casefold()


def model_for(target: Target, provider: ProviderEntry | None, context: EvaluationContext) -> str:
    """The model to ask the provider for; empty when nobody named one.

    A target without a model passes on the name that was asked for, unless the profile itself
    gave that name a meaning: then it is no model of the provider's.
    """
    if target.model:
        return target.model
    alias = context.alias
    if alias:
        key = alias.casefold()
        if all(other.virtual_model.casefold() != key for other in context.profile.targets):
            return alias
    return provider.default_model if provider is not None else ""


def unavailable_reason(
    name: str, profile: Profile, virtual_key: VirtualKey, table: RoutingTable
) -> Rejection | None:
    """What keeps a request of this key and profile from the provider of this name."""
    provider = table.providers.get(name.casefold())
    if provider is None:
        return "provider_not_configured", gettext('There is no provider "%(name)s".') % {
            "name": name
        }
    if not provider.enabled:
        return "provider_disabled", gettext('The provider "%(name)s" is switched off.') % {
            "name": provider.name
        }
    if provider.is_local:
        return None
    if not table.cloud_enabled:
        detail = gettext('"%(name)s" is not local, and cloud routing is switched off.') % {
            "name": provider.name
        }
        return "cloud_routing_disabled", detail
    if profile.local_only or virtual_key.local_only:
        who = (
            (gettext('The profile "%(name)s"') % {"name": profile.name})
            if profile.local_only
            else gettext("The API key")
        )
        return "local_only", gettext('%(who)s is local_only, and "%(name)s" is not local.') % {
            "who": who,
            "name": provider.name,
        }
    return None


def threshold(target: Target, status: HealthStatus, now: float) -> Rejection | None:
    """The first limit whose used share has reached what the target allows.

    Unknown shares pass, and so do those of a limit that has been renewed since: nothing else
    would ever tell how much of it is used now.
    """
    for measure in MEASURES.values():
        what = measure.threshold
        used = highest((status.reported(what),), now) if what else None
        allowed = target.rate_limit.allowed(what)
        if used is not None and used >= allowed:
            detail = gettext(
                "%(used)s %% of the %(what)s limit is used; the target stops at %(allowed)s %%."
            ) % {"used": f"{used:.3g}", "what": what, "allowed": f"{allowed:g}"}
            return f"{what}_threshold_exceeded", detail
    return None


def untouched(target: Target, status: HealthStatus | None) -> bool:
    """Whether the target is tried in its place whatever the time is: its breaker is closed, slots
    are left, and no limit is as far used as to skip it, be the report old or new."""
    if status is None:
        return True
    if status.state != "closed" or status.saturated or status.forced:
        return False
    allowed = target.rate_limit
    return (
        (status.request_percent or 0.0) < allowed.request_percent
        and (status.token_percent or 0.0) < allowed.token_percent
        and (status.budget_percent or 0.0) < allowed.budget_percent
    )


def _disabled(target: Target) -> Rejection | None:
    return None if target.enabled else ("target_disabled", gettext("The target is switched off."))


def _alias_mismatch(target: Target, context: EvaluationContext) -> Rejection | None:
    if serves(target, context.alias):
        return None
    return "virtual_model_mismatch", gettext('It serves "%(virtual_model)s", not "%(alias)s".') % {
        "virtual_model": target.virtual_model,
        "alias": context.alias,
    }


def _request_type_mismatch(
    target: Target, provider: ProviderEntry | None, context: EvaluationContext
) -> Rejection | None:
    asked = context.request_type
    if target.request_types and asked not in target.request_types:
        serving = ", ".join(sorted(target.request_types))
        return "request_type_mismatch", gettext("It serves %(serving)s, not %(asked)s.") % {
            "serving": serving,
            "asked": asked,
        }
    if provider is None:
        return None
    kind = kind_named(provider.kind)
    if kind is None or not kind.serves(asked):
        label = (
            kind.label
            if kind
            else (gettext('the unknown kind "%(kind)s"') % {"kind": provider.kind})
        )
        return "request_type_mismatch", gettext("%(label)s can not serve %(asked)s.") % {
            "label": label,
            "asked": asked,
        }
    return None


def declared(
    target: Target, model: str, provider: ProviderEntry | None, table: RoutingTable
) -> frozenset[str]:
    """What the target declares; where it declares nothing, what is known of its model."""
    if target.capabilities or provider is None or not model:
        return target.capabilities
    return table.facts(provider, model).capabilities


def _capability_mismatch(
    target: Target, model: str, provider: ProviderEntry | None, context: EvaluationContext
) -> Rejection | None:
    offers = declared(target, model, provider, context.table)
    lacks = missing(context.required_capabilities, offers, context.binding)
    if not lacks:
        return None
    if lacks == {"text"} and "vision" not in context.required_capabilities:
        return "capability_mismatch", gettext("It serves only requests that need vision.")
    offered = ", ".join(sorted(offers))
    return "capability_mismatch", gettext("It lacks %(listed)s; it offers %(offered)s.") % {
        "listed": ", ".join(sorted(lacks)),
        "offered": offered,
    }


def too_small(context_length: int | None, prompt_tokens: int) -> Rejection | None:
    """Whether the prompt is known not to fit in; it is estimated, and needs room for an answer."""
    if context_length is None or prompt_tokens <= context_length:
        return None
    detail = gettext(
        "The prompt has about %(prompt_tokens)s tokens; its context takes %(context_length)s."
    ) % {"prompt_tokens": f"{prompt_tokens:,}", "context_length": f"{context_length:,}"}
    return "context_too_small", detail


def _model_missing(model: str, target: Target) -> Rejection | None:
    if model:
        return None
    return "model_missing", gettext(
        'Neither target nor request nor "%(provider)s" names a model.'
    ) % {"provider": target.provider}


def _drained(target: Target, model: str, context: EvaluationContext) -> Rejection | None:
    if override_of(context.table.overrides, target.provider.casefold(), model) != DRAIN:
        return None
    return "drained", gettext(
        'An operator drains "%(provider)s" for now: it gets no new requests.'
    ) % {"provider": target.provider}


def covers_modalities(required_capabilities: frozenset[str], provider: ProviderEntry) -> bool:
    """Whether the provider takes the modalities of a request; features do not count here."""
    return not missing(required_capabilities & frozenset(MODALITIES), provider.capabilities)
