"""The record of one finished request: a line of the JSONL log, a row, an item of the REST API.

All three have exactly these fields. Nothing here holds what callers or models said, but for
`request` and `answer`, which only the log has and only where content is logged.
"""

from __future__ import annotations

from typing import Final

import msgspec


def _(words: str) -> str:
    """Marks words for translation, which is done where they are shown: nothing is needed here that
    the web process would have to load."""
    return words


OUTCOMES: Final = {
    "ok": _("Answered"),
    "refused": _("Rejected by gateway"),
    "cancelled": _("Client disconnected"),
    "callers_fault": _("Rejected by provider"),
    "retryable": _("Provider failed"),
    "misconfigured": _("Provider refused the gateway"),
    "too_long": _("Prompt too long"),
    "unfit": _("Unsupported by provider"),
    "error": _("Gateway failed"),
}
"""How a request ended, and the words operators read."""

FALLBACKS: Final = {
    "none": _("None"),
    "target": _("Another target answered"),
    "local": _("Local inference answered"),
}


REQUESTS: Final = "batched_requests"
"""The unit that says of how many requests usage is the sum."""
UNITS: Final = {
    "audio_seconds": _("Seconds of sound"),
    "characters": _("Characters spoken"),
    "images": _("Images made"),
    "searches": _("Searches"),
    REQUESTS: _("Requests of the batch"),
    "audio_tokens": _("Tokens in that are sound"),
    "image_tokens": _("Tokens in that are images"),
    "image_completion_tokens": _("Tokens out that are images"),
}
"""What usage is measured in beside tokens, and the words operators read."""


FROM_CACHE: Final = "cache_hit"
"""The code of an attempt that was none: the answer was cached."""


class NamedRef(msgspec.Struct, frozen=True, gc=False):
    """A key, a profile, a group or an owner. Never the key itself: `id` is its public id."""

    id: str
    name: str


class Usage(
    msgspec.Struct,
    frozen=True,
    gc=False,
    rename={
        "prompt": "prompt_tokens",
        "completion": "completion_tokens",
        "cached": "cached_tokens",
        "cache_written": "cache_written_tokens",
        "reasoning": "reasoning_tokens",
    },
):
    """Tokens as the provider counted them. `prompt` counts the whole prompt, cached parts included.

    OpenAI reports it so (`prompt_tokens`); Anthropic reports the uncached part alone, to which the
    cache reads and writes have to be added.
    """

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    """Prompt tokens read from a cache."""
    cache_written: int = 0
    """Prompt tokens written to a cache."""
    reasoning: int = 0
    """Completion tokens spent on reasoning."""
    units: dict[str, float] | msgspec.UnsetType = msgspec.UNSET
    """What is counted beside tokens, or is a part of them with a price of its own: `UNITS`.
    Absent where there is none."""

    @property
    def total(self) -> int:
        return self.prompt + self.completion


class AppliedPrice(msgspec.Struct, frozen=True, gc=False):
    """US dollars for a million tokens of each class, as they were applied to one attempt."""

    prompt: float
    completion: float
    cached: float
    cache_written: float
    reasoning: float | None = None
    """None in records of releases that had no price for it."""
    request: float = 0.0
    """US dollars for each request, beside its tokens."""


class AttemptRecord(msgspec.Struct, gc=False):
    """One candidate that was tried."""

    provider: str
    model: str
    outcome: str
    """`ok`, or the class of the failure."""
    code: str
    """`ok`, `continued` where it went on with an answer that had broken off, or the failure's
    short word: `connect_failed`, `http_503`, `lost_race`, ..."""
    status: int
    """HTTP status of the upstream; 0 when none arrived."""
    milliseconds: float
    local_fallback: bool = False
    usage: Usage | None = None
    """What this attempt used, where the provider said so."""
    price: AppliedPrice | None = None
    """None for local inference, without usage, and where no price is known."""
    cost_usd: float | None = None
    """0 for local inference, None without usage and where no price is known."""
    started_ms: float | None = None
    """From the arrival of the request; attempts may run side by side."""
    estimated: bool = False
    """The usage is worked out from what was relayed: the provider never said."""
    cause: str = ""
    """Why it failed, in a sentence of ours: "The provider could not be reached: name not found."
    Empty where it answered."""

    @property
    def from_cache(self) -> bool:
        """Nobody was asked: the answer was given again that this provider gave before."""
        return self.code == FROM_CACHE

    @property
    def lost_race(self) -> bool:
        """It was asked beside another candidate, which answered first."""
        return self.code == "lost_race"

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}: {self.code} after {self.milliseconds:.0f} ms"


class CandidateRecord(msgspec.Struct, frozen=True, gc=False):
    """A place the plan allowed to try."""

    provider: str
    model: str
    local_fallback: bool = False
    demoted: str | msgspec.UnsetType = msgspec.UNSET
    """Why it stood behind others: `cooling_down`, `recovering`, `saturated` or `spilled`. Absent
    where it did not."""


class RejectionRecord(msgspec.Struct, frozen=True, gc=False):
    """A target the plan passed over. `reason` is one of `governance.routing.plan.REJECTIONS`."""

    provider: str
    model: str
    reason: str


class SkippedRecord(msgspec.Struct, frozen=True, gc=False):
    """A mapping or a heuristic rule that matched and could not be used."""

    rule: str
    why: str


class DecisionRecord(msgspec.Struct, frozen=True, gc=False):
    """What stood behind the choice of the way."""

    hint: str | None = None
    """`routing_profile` as the caller gave it."""
    virtual_model: str | None = None
    candidates: tuple[CandidateRecord, ...] = ()
    rejections: tuple[RejectionRecord, ...] = ()
    skipped: tuple[SkippedRecord, ...] = ()
    warning: str = ""
    """Why the route failed, where local inference took over."""
    sticky: str = ""
    """Why the session led to the first candidate: `hash`, `served`, or nothing."""
    cache: str | msgspec.UnsetType = msgspec.UNSET
    """`hit`, `miss` or `bypass`; absent where the profile has no cache."""
    shadow: str | msgspec.UnsetType = msgspec.UNSET
    """The id of the record of the copy that was sent to the profile's shadow."""
    shadow_of: str | msgspec.UnsetType = msgspec.UNSET
    """The id of the request that this is a copy of."""


class FeaturesRecord(msgspec.Struct, frozen=True, gc=False):
    """What heuristic rules looked at; enough to make the decision again, without the content."""

    needs: tuple[str, ...] = ()
    last_user_characters: int = 0
    prompt_tokens: int = 0
    """Estimated."""
    images: int = 0
    reasoning: bool = False


class InteractionRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One finished request, whatever its end."""

    id: str
    """The request id: of the caller when it was sane, so it need not be unique."""
    time: str
    """When it arrived: ISO 8601, UTC, milliseconds, as `2030-01-31T12:00:00.000Z`."""
    node: str = ""
    """Where it was carried; see `POINTSMAN_NODE_NAME`."""
    key: NamedRef | None = None
    group: NamedRef | None = None
    """The key's, when the request arrived."""
    owner: NamedRef | None = None
    """Whom the key belonged to then."""
    session: str = ""
    """The conversation or agent run it was part of, where that is known."""
    protocol: str
    request_type: str = ""
    """Empty when the request was refused before it was read, as are the fields of its content."""
    requested_model: str = ""
    profile: NamedRef | None = None
    """None when none was chosen, and when the request named a provider directly."""
    reason: str = ""
    """Why this way; see `governance.routing.plan.Plan.reason`."""
    decision: DecisionRecord = DecisionRecord()
    attempts: tuple[AttemptRecord, ...] = ()
    provider: str = ""
    """Of the last attempt: who answered, when the outcome is `ok`."""
    model: str = ""
    """What that provider was asked for."""
    answered_model: str = ""
    """The model that answered, by the provider's own word."""
    stream: bool = False
    messages: int = 0
    tools: int = 0
    features: FeaturesRecord = FeaturesRecord()
    duration_ms: float = 0.0
    first_token_ms: float | None = None
    """From the arrival to the first meaningful event."""
    usage: Usage | None = None
    """Of the last attempt."""
    cost_usd: float | None = None
    """Of all attempts, estimated from public list prices; 0 for local inference, None when the
    price is unknown."""
    finish_reason: str = ""
    fallback: str = "none"
    """`none`, `target` or `local`."""
    fallback_reason: str = ""
    """Why another one answered: the code of the first failure, or `unknown_model` or
    `no_candidate` where nothing was tried."""
    outcome: str
    """One of `OUTCOMES`."""
    error_code: str = ""
    status: int = 0
    """HTTP status of the answer; 0 when the caller left before any."""
    dropped_fields: tuple[str, ...] = ()
    """Fields of the request that could not be translated for the provider."""
    request: str | msgspec.UnsetType = msgspec.UNSET
    """The request's body; only in the JSONL log, and only where content is logged."""
    answer: str | msgspec.UnsetType = msgspec.UNSET
    """The answer's text, likewise."""

    @property
    def is_shadow(self) -> bool:
        """It is a copy of a request, whose answer nobody got."""
        return bool(self.decision.shadow_of)

    @property
    def errors(self) -> str:
        """Every error of the request and of its attempts, to search in. In ASCII, so that an index
        takes all that its column does: a code may be an upstream's word."""
        failed = [
            f"{one.provider}:{one.code}"
            for one in self.attempts
            if one.outcome != "ok" and not one.lost_race
        ]
        if self.error_code and not (failed and failed[-1].endswith(f":{self.error_code}")):
            failed.append(self.error_code)
        return " ".join(failed).encode("ascii", "backslashreplace").decode()
