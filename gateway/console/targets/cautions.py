"""What stands in a target's way though nothing of its configuration skips it, for badges. No IO."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf

from django.utils.translation import gettext

from gateway.console.monitoring.current_health import CurrentHealth, EngineState
from gateway.console.targets.badges import Badge
from governance import kinds
from governance.models import Provider, RoutingTarget
from governance.models.routing_target import THRESHOLDS
from governance.routing.table import RateLimit, Target
from governance.routing.verdicts import threshold


def cautions(
    target: RoutingTarget,
    provider: Provider,
    live: Mapping[str, CurrentHealth],
    engine: EngineState | None,
) -> list[Badge]:
    """For a target whose provider is `provider`; `engine` is None where it is not asked."""
    model = target.model or provider.default_model
    return [
        *_model(target, provider, model),
        *_credential(provider),
        *(_engine(engine, model) if engine is not None and is_engine(provider) else ()),
        *_moment(target, live.get(provider.name.casefold(), CurrentHealth()), model),
    ]


def is_engine(provider: Provider) -> bool:
    """Whether it is the engine on this machine."""
    return kinds.is_engine(provider.kind)


def _model(target: RoutingTarget, provider: Provider, model: str) -> Iterator[Badge]:
    if not model:
        detail = gettext(
            'Neither the target nor "%(name)s" names a model: requests that name none skip it.'
        ) % {"name": provider.name}
        yield Badge(gettext("no model"), "warning", detail)


def _credential(provider: Provider) -> Iterator[Badge]:
    if provider.credential == "unreadable":
        detail = gettext('No key of the ring opens that of "%(name)s": set it anew.') % {
            "name": provider.name
        }
        yield Badge(gettext("credential unreadable"), "danger", detail)
    elif provider.credential == "none" and not provider.is_local:
        detail = gettext('"%(name)s" has no API key: it will refuse, unless it asks for none.') % {
            "name": provider.name
        }
        yield Badge(gettext("no key"), "warning", detail)


def _engine(engine: EngineState, model: str) -> Iterator[Badge]:
    if not engine.runs:
        yield Badge(gettext("engine off"), "danger", gettext("The local engine does not run."))
    elif model and model not in engine.models:
        yield Badge(
            gettext("model missing"),
            "danger",
            gettext('The local engine has no model "%(model)s".') % {"model": model},
        )
    elif engine.failed.get(model):
        yield Badge(gettext("model failed"), "danger", engine.failed[model])


def _moment(target: RoutingTarget, live: CurrentHealth, model: str) -> Iterator[Badge]:
    """What this process knows."""
    for one in live.models:
        if one.model != model:
            continue
        over = threshold(Target(target.provider, rate_limit=_limit(target)), one.status, now=-inf)
        if over is not None:
            yield Badge(gettext("limit used"), "warning", over[1])
        if one.cooling_down:
            detail = gettext(
                "It failed: tried after the others for %(seconds)s s more, in this process."
            ) % {"seconds": f"{one.seconds:.0f}"}
            yield Badge(gettext("cooling down"), "warning", detail)
        elif one.share < 1.0:
            detail = gettext(
                "It answers again and gets %(share)s of its requests, in this process."
            ) % {"share": f"{one.share:.0%}"}
            yield Badge("recovering", "info", detail)
    if live.saturated:
        yield Badge(
            gettext("busy"), "info", gettext("It has all the requests it may be sent at a time.")
        )


def _limit(target: RoutingTarget) -> RateLimit:
    percents = (getattr(target, name) for name in THRESHOLDS)
    return RateLimit(*(100.0 if percent is None else percent for percent in percents))
