"""Requests of the past as they were asked. Counts and names were kept, content was not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from governance.models import Interaction
from governance.routing.request import Features, RoutingRequest
from governance.routing.shadows import REASON as SHADOW

COLUMNS: Final = (
    "requested_model",
    "request_type",
    "key_id",
    "stream",
    "messages",
    "tools",
    "features",
    "decision__hint",
)


@dataclass(frozen=True, slots=True)
class Past:
    """One request, with the id of the key that sent it."""

    routing_request: RoutingRequest
    key_id: str


def last_requests(count: int, *, profile_id: str = "") -> list[Past]:
    """The latest `count` requests that could be read, of one profile or of all; one query."""
    rows = Interaction.objects.exclude(request_type="").exclude(reason=SHADOW)
    rows = rows.order_by("-time", "-id")
    if profile_id:
        rows = rows.filter(profile_id=profile_id)
    return past_of(rows.values_list(*COLUMNS)[:count])


def past_request(pk: int) -> Past | None:
    """The request of one interaction, None when it is gone or could not be read."""
    row = Interaction.objects.filter(pk=pk).exclude(request_type="").values_list(*COLUMNS).first()
    return None if row is None else past_of([row])[0]


def past_of(rows: Iterable[tuple[Any, ...]]) -> list[Past]:
    """From values of `COLUMNS`. Keywords of rules match nothing: the text was not kept."""
    return [_past(*row) for row in rows]


def _past(
    model: str,
    request_type: str,
    key_id: str,
    stream: bool,
    messages: int,
    tools: int,
    features: dict[str, Any],
    profile_hint: str | None,
) -> Past:
    return Past(
        RoutingRequest(
            model=model,
            request_type=request_type,
            required_capabilities=frozenset(features.get("needs") or ("text",)),
            profile_hint=profile_hint,
            stream=stream,
            features=Features(
                last_user_characters=features.get("last_user_characters", 0),
                prompt_tokens=features.get("prompt_tokens", 0),
                messages=messages,
                tools=tools,
                images=features.get("images", 0),
                reasoning=features.get("reasoning", False),
            ),
        ),
        key_id,
    )
