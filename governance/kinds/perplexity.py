"""Perplexity. Source: its API reference, "Chat completions"; it lists no models and calls no
tools."""

from governance.kinds.compatible import CHAT, cloud
from governance.kinds.failure_words import UNFIT, FailureWords
from governance.kinds.kind import Probe
from governance.kinds.model_rules import Fix, ModelRule

KIND = cloud(
    "perplexity",
    "Perplexity",
    "https://api.perplexity.ai",
    request_types=CHAT,
    price_seller="perplexity",
    probe=Probe(known_models=("sonar", "sonar-pro", "sonar-reasoning-pro", "sonar-deep-research")),
    words=(
        FailureWords(
            "unfit",
            UNFIT.code,
            UNFIT.message,
            (r"tool[ _]call\w* (?:is|are) not supported|should alternate with assistant",),
        ),
    ),
    model_rules=(ModelRule(r"", (Fix("system_first"), Fix("drop", "parallel_tool_calls"))),),
)
