"""How many tokens, those of the prompt and those of the answer."""

from governance.limits.measure import Consumption, Measure
from governance.texts import gettext_noop


def amount(used: Consumption) -> float:
    return used.prompt_tokens + used.completion_tokens


MEASURE = Measure(
    "tokens",
    gettext_noop("Tokens"),
    "tokens",
    amount,
    threshold="token",
    rank=20,
    in_ledger=("prompt_tokens", "completion_tokens"),
    header="tokens",
)
