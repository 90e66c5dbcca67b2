"""Whether local inference takes over where a route fails: three modes. PURE.

`always`: whatever went wrong with the route. `unreachable`: only where no provider could be reached
or all of them were overloaded; what a provider refused (its 401, 403 and 404) and a model name that
nobody knows are told to the caller. `never`: the request fails.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from governance.texts import gettext, gettext_noop

ALWAYS: Final = "always"
UNREACHABLE: Final = "unreachable"
NEVER: Final = "never"
MODES: Final = (ALWAYS, UNREACHABLE, NEVER)
"""What an installation may say, the most willing first."""
FOLLOWS: Final = "default"
"""What a profile or a key says that leaves it to the installation."""
CHOICES: Final = (
    (FOLLOWS, gettext_noop("As the installation has it")),
    (ALWAYS, gettext_noop("Local inference takes over")),
    (UNREACHABLE, gettext_noop("Local inference takes over if no provider can be reached")),
    (NEVER, gettext_noop("The request fails")),
)
IN_SHORT: Final = {
    ALWAYS: gettext_noop("local takes over"),
    UNREACHABLE: gettext_noop("local, if unreachable"),
    NEVER: gettext_noop("fails"),
}
SETTING: Final = "POINTSMAN_LOCAL_FALLBACK"


class FallbackMode(NamedTuple):
    """Which mode holds, and who says so."""

    mode: str
    said_by: str
    """`profile`, `key` or `installation`."""


def mode_of(installation: str, profile: str = FOLLOWS, key: str = FOLLOWS) -> FallbackMode:
    """The strictest of what profile and key say; where neither says anything, the setting's."""
    said = [(profile, "profile"), (key, "key")]
    said = [one for one in said if one[0] in MODES]
    if not said:
        return FallbackMode(installation, "installation")
    return FallbackMode(*max(said, key=lambda one: MODES.index(one[0])))


def sentence(held: FallbackMode, place: str) -> str:
    """What happens when no target answers, in one sentence for operators."""
    by = {
        "profile": gettext("the profile says so"),
        "key": gettext("the API key says so"),
        "installation": f"{SETTING}={held.mode}",
    }[held.said_by]
    if held.mode == NEVER:
        return gettext("When no target answers, the request fails (%(by)s).") % {"by": by}
    if not place:
        return gettext("When no target answers, the request fails: there is no local model.")
    when = {
        ALWAYS: gettext("When no target answers"),
        UNREACHABLE: gettext("When no provider can be reached, or all are overloaded"),
    }[held.mode]
    return gettext("%(when)s, the local model %(place)s answers instead (%(by)s).") % {
        "when": when,
        "place": place,
        "by": by,
    }
