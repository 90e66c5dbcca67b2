"""The mark on thinking that no Anthropic model has signed.

Reasoning of other models reaches a caller of Anthropic's protocol as thinking blocks, which must
carry a signature. With this one the gateway knows them again when they come back in the history.
"""

from __future__ import annotations

from typing import Final

UNSIGNED: Final = "pointsman-unsigned"
