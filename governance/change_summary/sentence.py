"""One sentence about what became of one thing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from governance.change_summary.changed import changed

SHOWN: Final = 8
"""Changes a sentence tells before it says how many more there are."""


def sentence(
    kind: str,
    name: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
    secrets: Iterable[str] = (),
) -> str:
    """`Changed routing profile "Light": target 2 (openai/gpt-4o): weight 1 → 3.`"""
    if before is None:
        return f'Created {kind} "{name}".'
    if after is None:
        return f'Removed {kind} "{name}".'
    phrases = changed(before, after, secrets) or ["nothing that is shown"]
    if len(phrases) > SHOWN:
        phrases[SHOWN:] = [f"and {len(phrases) - SHOWN} more changes"]
    return f'Changed {kind} "{name}": {"; ".join(phrases)}.'
