"""The repairs there are, by name, and how they are made in a body."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from governance.kinds.model_rules import Fix
from inference.translate.repairs import changes
from inference.translate.repairs.fields import BodyMembers


@dataclass(frozen=True, slots=True)
class Repair:
    """One way of changing a request that was refused."""

    change: Callable[[BodyMembers, str], tuple[str, ...]]
    """Changes the members, given the fix's value; returns the names of what it changed."""
    needs: tuple[bytes, ...] = ()
    """Without any of these in the body there is nothing to do; empty: the fix's value."""
    lasting: bool = True
    """What is true of this request is true of others to the same model."""


REPAIRS: Final[Mapping[str, Repair]] = MappingProxyType(
    {
        "drop": Repair(changes.drop_member),
        "fixed_temperature": Repair(changes.fixed_temperature, (b'"temperature"',)),
        "highest_temperature": Repair(changes.highest_temperature, (b'"temperature"',)),
        "one_sampling": Repair(changes.one_sampling, (b'"top_p"',)),
        "limit": Repair(changes.limit, (b"tokens",)),
        "limit_left": Repair(changes.limit, (b"tokens",), lasting=False),
        "rename_limit": Repair(changes.rename_limit, (b"tokens",)),
        "role": Repair(changes.role, (b'"developer"', b'"system"')),
        "system_first": Repair(changes.one_system_message, (b'"developer"', b'"system"')),
        "text_as_string": Repair(changes.text_as_string, (b'"text"',)),
        "unsigned_thinking": Repair(changes.unsigned_thinking, (b'thinking"',)),
        "foreign_thinking": Repair(changes.foreign_thinking, (b'thinking"',), lasting=False),
        "adaptive_thinking": Repair(changes.adaptive_thinking, (b'"thinking"',)),
        "no_thinking": Repair(
            lambda fields, value: changes.drop_member(fields, "thinking"),
            (b'"thinking"',),
            lasting=False,
        ),
        "set_effort": Repair(changes.set_effort, (b'"tools"',), lasting=False),
        "call_ids": Repair(changes.call_ids, (b"_id", b'"id"')),
        "thought_signature": Repair(changes.thought_signature, (b'"tool_calls"',)),
    }
)


def repaired(body: bytes, fixes: Iterable[Fix]) -> tuple[bytes, tuple[str, ...]]:
    """The body with the fixes made, and the names of what was changed.

    The very same body comes back where nothing had to be.
    """
    due = [(REPAIRS[fix.repair], fix.value) for fix in fixes if _concerns(fix, body)]
    if not due:
        return body, ()
    fields = BodyMembers(body)
    names = [name for repair, value in due for name in repair.change(fields, value)]
    return (fields.encoded(), tuple(dict.fromkeys(names))) if names else (body, ())


def _concerns(fix: Fix, body: bytes) -> bool:
    repair = REPAIRS.get(fix.repair)
    if repair is None:
        return False
    needs = repair.needs or (b'"%b"' % fix.value.encode(),)
    return any(needed in body for needed in needs)
