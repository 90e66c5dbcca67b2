"""How many tokens, those of the prompt and those of the answer."""

from governance.limits.measure import Consumption, Measure


def amount(used: Consumption) -> float:
    return float(used.prompt_tokens + used.completion_tokens)


MEASURE = Measure("tokens", "Tokens", "tokens", amount, threshold="token", rank=20)
