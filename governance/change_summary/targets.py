"""What became of a profile's targets: they have no ids, so which was which is found out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from governance.change_summary.values import ordinal

Target = Mapping[str, Any]
Fields = Callable[[Target, Target], list[str]]


def target_phrases(
    before: Sequence[Target], after: Sequence[Target], fields: Fields
) -> Iterator[str]:
    """`target 2 (openai/gpt-4o): weight 1 → 3`, the removed ones first.

    `fields` tells what two targets differ in. A target counts as moved when it changed places with
    another that stayed, not when one before it came or went.
    """
    pairs = matched(before, after)
    moved = _moved(pairs)
    held = set(pairs.values())
    for place, target in enumerate(before):
        if place not in held:
            yield f"target {place + 1} ({place_name(target)}) removed"
    for place, target in enumerate(after):
        said = f"target {place + 1} ({place_name(target)})"
        if place not in pairs:
            yield f"{said} added"
            continue
        origin = pairs[place]
        told = fields(before[origin], target)
        if place in moved:
            told.insert(0, f"moved from {ordinal(origin + 1)} to {ordinal(place + 1)}")
        if told:
            yield f"{said}: {', '.join(told)}"


def place_name(target: Target) -> str:
    """`openai/gpt-4o`; the provider alone where the target names no model."""
    provider, model = target.get("provider", ""), target.get("model")
    return f"{provider}/{model}" if model else f"{provider}"


def matched(before: Sequence[Target], after: Sequence[Target]) -> dict[int, int]:
    """The place before of every target that was there before, by its place after.

    The same target first, then the same provider and model, then one of the two at the same place,
    then the same provider anywhere.
    """
    pairs: dict[int, int] = {}
    for alike in (_equal, _same_place, _half_the_same, _same_provider):
        free = [origin for origin in range(len(before)) if origin not in pairs.values()]
        for place, target in enumerate(after):
            if place in pairs:
                continue
            found = [origin for origin in free if alike(before[origin], target, origin == place)]
            if found:
                pairs[place] = place if place in found else found[0]
                free.remove(pairs[place])
    return pairs


def _equal(old: Target, new: Target, stayed: bool) -> bool:
    return old == new


def _same_place(old: Target, new: Target, stayed: bool) -> bool:
    return _provider(old) == _provider(new) and all(
        old.get(name) == new.get(name) for name in ("model", "virtual_model")
    )


def _half_the_same(old: Target, new: Target, stayed: bool) -> bool:
    same_model = bool(old.get("model")) and old.get("model") == new.get("model")
    return stayed and (same_model or _provider(old) == _provider(new))


def _same_provider(old: Target, new: Target, stayed: bool) -> bool:
    return _provider(old) == _provider(new)


def _provider(target: Target) -> str:
    return str(target.get("provider", "")).casefold()


def _moved(pairs: Mapping[int, int]) -> set[int]:
    """Places after whose targets left the longest sequence that kept its order.

    Of several as long, the one with most targets that stand where they stood; then the one that
    lets a target have gone up, as one that was dragged mostly has.
    """
    best: dict[int, tuple[int, int]] = {}
    """Length of the longest sequence that ends at a place, and how many of it stand as before."""
    back: dict[int, int | None] = {}
    for place in sorted(pairs):
        chain: tuple[int, int] = (0, 0)
        back[place] = None
        for earlier, length in best.items():
            if pairs[earlier] < pairs[place] and length >= chain:
                chain, back[place] = length, earlier
        best[place] = (chain[0] + 1, chain[1] + (pairs[place] == place))
    kept: set[int] = set()
    end = max(best, key=lambda place: (best[place], place), default=None)
    while end is not None:
        kept.add(end)
        end = back[end]
    return {place for place in pairs if place not in kept and pairs[place] != place}
