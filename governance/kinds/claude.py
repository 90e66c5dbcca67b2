"""What is known of Anthropic's models, whoever sells them."""

from __future__ import annotations

from typing import Final

from governance.kinds.model_rules import ModelRule

LONGEST_ANSWERS: Final = (
    ModelRule(r"claude-opus-4[-.](?:[6-9]|\d\d)(?!\d)", max_output_tokens=128_000),
    ModelRule(r"claude-(?:opus-4[-.]5|(?:sonnet|haiku)-4|3[-.]7-sonnet)", max_output_tokens=64_000),
    ModelRule(
        r"claude-(?:opus|sonnet|haiku|fable|mythos)-(?:[5-9]|\d\d)(?:\D|$)",
        max_output_tokens=64_000,
    ),
    ModelRule(r"claude-opus-4", max_output_tokens=32_000),
    ModelRule(r"claude-3[-.]5-(?:sonnet|haiku)", max_output_tokens=8_192),
)
"""Source: Anthropic's overview of its models. The first that matches counts. Names come with a
date behind, and from clouds with a vendor before; of what is newer than this table, what its
forerunners give."""
