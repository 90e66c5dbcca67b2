"""Upstreams of `mlx_lm.server`, which need guarding whoever calls."""

from __future__ import annotations

from typing import Final

from inference.translate.base import Translator
from inference.translate.chat.passthrough import ChatPassThrough
from inference.translate.chat.upstream import ChatUpstream
from inference.translate.hub import DirectCaller
from inference.translate.mlx_server.guards import GuardedTranslator
from inference.translate.via import composed

_composed: Final = composed(ChatUpstream())


def guarded(caller: DirectCaller) -> Translator:
    """The translation towards OpenAI's protocol behind guards: of completions, nothing else."""
    direct = caller.direct.get("openai")
    if direct is None:
        return GuardedTranslator(_composed(caller))
    if not isinstance(direct, ChatPassThrough):
        raise LookupError(f"An mlx_lm.server does not serve {caller}.")
    return GuardedTranslator(direct)


PROTOCOLS: Final = {"mlx_server": guarded}
