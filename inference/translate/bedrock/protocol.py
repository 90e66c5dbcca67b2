"""Upstreams at Amazon Bedrock. Which of the two is spoken goes by the model."""

from __future__ import annotations

from typing import Final

from inference.translate.bedrock.claude import invoked
from inference.translate.bedrock.converse import conversed

PROTOCOLS: Final = {"bedrock_claude": invoked, "bedrock_converse": conversed}
