"""What upstreams say when they refuse, and what it means: status codes alone do not tell.

One table for all: many servers speak each other's words, and a gateway in between may pass on
those of a provider behind it. A kind puts words of its own before these. Patterns are regular
expressions, searched without regard to case in the texts of an error (its messages, codes and
types), never in what it echoes of the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_REFUSALS: Final = frozenset({400, 413, 422})


@dataclass(frozen=True, slots=True, eq=False)
class FailureWords:
    """Words in an upstream's error that say more than its status.

    Compared by identity: what is worked out of them is looked up with every error.
    """

    outcome: str
    """The failure class: a value of `inference.values.failures.Outcome`."""
    code: str
    message: str
    """A sentence of ours for logs and callers."""
    marks: tuple[str, ...]
    """Any of these makes the failure, unless one of `unless` is found too."""
    statuses: frozenset[int] = _REFUSALS
    """Statuses under which the words count."""
    unless: tuple[str, ...] = ()
    status: int | None = None
    """The HTTP status for the caller; None: as the upstream said."""
    opaque: bool = False
    """What the upstream said is about this gateway's account and is not shown to callers."""


CONTENT_FILTER: Final = FailureWords(
    "callers_fault",
    "content_filter",
    "The provider's content filter refused the request.",
    (
        r"content[_ ]filter",  # OpenAI, Azure
        r"content management policy",  # Azure
        r"ResponsibleAIPolicyViolation",  # Azure
        r"content_policy_violation",  # OpenAI
        r"rejected as a result of our safety system",  # OpenAI
        r"PROHIBITED_CONTENT|blocked by .{0,40}safety",  # Gemini
        r"Content Exists Risk",  # DeepSeek
        r"data_inspection_failed",  # Qwen
        r"flagged for",  # OpenRouter
        r"flagged by .{0,40}moderation",
    ),
    frozenset({400, 403, 422}),
)

NO_CREDIT: Final = FailureWords(
    "misconfigured",
    "no_credit",
    "The gateway's account at the provider has no credit left.",
    (
        r"credit balance is too low",  # Anthropic
        r"reached your specified API usage limits",  # Anthropic
        r"\binsufficient_quota\b",  # OpenAI
        r"billing[_ ]hard[_ ]limit",  # OpenAI
        r"billing_not_active|account is not active.{0,40}billing",  # OpenAI
        r"insufficient (?:account )?(?:balance|credits?|funds)",  # DeepSeek, OpenRouter
        r"requires more credits|never purchased credits",  # OpenRouter
        r"used all (?:of )?(?:its |your )?available credits",  # xAI
        r"monthly spending limit",  # xAI
        r"spend(?:ing)? limit (?:is |has been )?(?:reached|exceeded)",
        r"exceeded_current_quota_error",  # Moonshot
        r"\bArrearage\b",  # Qwen
        r"(?:credit|credits|balance) (?:is |are |has been |have been )?(?:exhausted|depleted)",
        r"out of credits?\b",
        r"\u4f59\u989d\u4e0d\u8db3",  # "balance insufficient": Z.ai and others
        r"payment[_ ]required",
    ),
    frozenset({400, 402, 403, 422, 429}),
    opaque=True,
)

BAD_KEY: Final = FailureWords(
    "misconfigured",
    "bad_key",
    "The provider does not accept this gateway's credentials.",
    (
        r"API[_ ]key (?:is )?(?:not valid|invalid|expired|not found)",  # Gemini
        r"API_KEY_INVALID",  # Gemini
        r"(?:invalid|incorrect|missing|no|wrong|malformed)[_ ]+(?:x-)?api[-_ ]?key",
        r"authentication fails",  # DeepSeek
        r"invalid[_ ](?:authentication|bearer token|token|credentials)",
        r"no auth credentials",  # OpenRouter
        r"\bunauthenticated\b|\bauthentication_error\b",
        r"(?:organization|account|workspace) (?:has been|is) (?:disabled|deactivated|suspended)",
    ),
    opaque=True,
)

NOT_FROM_HERE: Final = FailureWords(
    "misconfigured",
    "unsupported_region",
    "The provider does not serve the country that this gateway is in.",
    (
        r"user location is not supported",  # Gemini
        r"unsupported_country|country, region,? or territory (?:is )?not supported",  # OpenAI
        r"unsupported country, region",  # OpenAI
    ),
    frozenset({400, 403}),
)

UNKNOWN_MODEL: Final = FailureWords(
    "misconfigured",
    "unknown_model",
    "The provider does not know the model.",
    (
        r"model not exist",  # DeepSeek
        r"\bmodel_not_found\b|\bmodel_decommissioned\b|\binvalid_model\b|\bmodel_not_available\b",
        r"\bmodels?[ :]+[`'\"]?[\w./:@-]{1,120}[`'\"]? "
        r"(?:does not exist|do not exist|(?:was |is |could )?not (?:be )?found"
        r"|has been (?:deprecated|decommissioned|removed|retired)"
        r"|is (?:not (?:available|supported|a valid)|no longer|deprecated|unavailable))",
        r"[`'\"]?[\w./:@-]{1,120}[`'\"]? is not a valid model",  # OpenRouter
        r"(?:unknown|invalid|unsupported|no such|nonexistent) model\b"
        r"(?! (?:parameter|output|type of|setting))",
        r"invalid model (?:name|id)",
        r"unable to access (?:non-serverless )?model",  # Together
        r"model .{0,80}(?:not loaded|is not loaded)",  # LM Studio
        r"model identifier is invalid|on-demand throughput isn.t supported",  # Bedrock
    ),
    frozenset({400, 422}),
    status=404,
)

MAX_TOKENS: Final = FailureWords(
    "unfit",
    "max_tokens_over_limit",
    "The provider's model cannot write as many tokens as the request asks for.",
    (
        r"max_(?:completion_|output_|new_)?tokens['\"`]? (?:or .{0,30} )?is too large",
        r"max_(?:completion_|output_)?tokens['\"`]?:? ?\d+ > \d+",  # Anthropic
        r"max_(?:completion_|output_)?tokens['\"`]? must be less than",  # Groq
        r"max tokens must be less than",  # Cohere
        r"range of max_(?:completion_|output_)?tokens",  # DeepSeek, Qwen
        r"maximum tokens you requested exceeds the model limit",  # Bedrock
        r"max_?output_?tokens value of \d+",  # Vertex
    ),
)
"""The prompt fits, the limit does not. Only what no repair could mend gets here."""

TOO_LONG: Final = FailureWords(
    "too_long",
    "too_long",
    "The prompt is longer than the model's context.",
    (
        r"context_length_exceeded|context_window_exceeded",  # OpenAI
        r"prompt is too long",  # Anthropic
        r"(?:prompt|input|message)s? (?:is|are|was|were) (?:still )?too long",  # Bedrock
        r"exceeds? (?:the )?context (?:limit|window|length|size)",  # Anthropic, Ollama
        r"maximum context length",  # OpenAI, vLLM, OpenRouter, DeepSeek
        r"exceed_context_size_error",  # llama.cpp
        r"exceeds? the available context size",  # llama.cpp
        r"larger than the (?:model'?s )?(?:max(?:imum)? )?context",  # LM Studio, vLLM
        r"trying to keep the first \d+ tokens",  # LM Studio
        r"(?:longer|greater|larger) than the (?:model'?s|maximum model|allowed).{0,20}"
        r"(?:context|length)",  # SGLang
        r"exceeds? the (?:model'?s )?max(?:imum)?(?: allowed)?(?: input| context| model| sequence)*"
        r" (?:length|len|limit|context)",
        r"max(?:imum)? (?:prompt|input|sequence) length (?:is|of)",  # xAI
        r"input token count.{0,40}exceeds",  # Gemini
        r"exceeds? the maximum number of (?:input )?tokens",  # Gemini
        r"exceeded model token limit",  # Moonshot
        r"too many (?:input |prompt )?tokens(?!.{0,40}(?:per |minute|wait))",  # Cohere
        r"too large for model with \d+ maximum context",  # Mistral
        r"`?inputs`? (?:tokens )?(?:\+ `?max_new_tokens`? )?must (?:be|have less than) ",  # TGI
        r"range of input length should be",  # Qwen
        r"request too large for model|must be reduced in order to run",  # OpenAI, Groq
        r"reduce the length of (?:the |your )?(?:messages|prompt|input|context)",  # Groq
        r"string_above_max_length.{0,80}(?:input|prompt|content)",
        r"model_max_prompt_tokens_exceeded",  # GitHub
        r"context window (?:exceeds|of .{0,40}exceeded)",  # MiniMax
        r"tokens to keep from the initial prompt is greater than",  # LM Studio
        r"prompt exceeds max(?:imum)? length|exceeds? max message tokens",  # Z.ai, Qwen
    ),
    frozenset({400, 413, 422, 429}),
    # Anthropic's limits of tokens per minute are met by waiting.
    unless=(r"(?:max_tokens|max_completion_tokens)['\"`]? is too large",),
    status=400,
)
"""How upstreams say that a prompt does not fit."""

RATE_LIMITED: Final = FailureWords(
    "retryable",
    "rate_limited",
    "The provider's rate limit is reached.",
    (
        r"rate[_ -]?limit(?:s|ed)?[_ ]?(?:reached|exceeded|error)?",
        r"too many requests",
        r"RESOURCE_EXHAUSTED",  # Gemini
        r"Throttling",  # Bedrock, Qwen
        r"tokens per minute|requests per minute",
        r"high concurrency usage",  # Z.ai
    ),
    frozenset({400, 403, 413, 422}),
    status=429,
)

OVERLOADED: Final = FailureWords(
    "retryable",
    "overloaded",
    "The provider is overloaded.",
    (
        r"overloaded(?:_error)?\b",
        r"no available (?:server|capacity|workers?)",
        r"(?:model|service|server|system|engine) is (?:too |currently |temporarily )?"
        r"(?:busy|unavailable)\b",
        r"(?:please )?(?:re)?try(?: your request)? again (?:later|in a (?:moment|few|while))",
    ),
    frozenset({400, 422}),
    status=503,
)

UNFIT: Final = FailureWords(
    "unfit",
    "unsupported_feature",
    "The provider's model cannot do what the request asks for.",
    (
        r"does not support (?:\w+ )?(?:tools?|functions?|images?|vision|audio|pdf|files?|documents?"
        r"|multi-?modal|json|structured|response_format|streaming)\b",
        r"no endpoints found that (?:support|can handle)",  # OpenRouter
        r"(?:tools?|images?|image input|function calling) (?:is|are) not supported"
        r" (?:by|for|with|on) (?:this |the )?model",
        r"unknown variant `image_url`",  # DeepSeek
        r"is not a multimodal model",  # vLLM
    ),
    frozenset({400, 404, 422}),
)

SHARED: Final = (
    CONTENT_FILTER,
    NO_CREDIT,
    BAD_KEY,
    NOT_FROM_HERE,
    UNKNOWN_MODEL,
    MAX_TOKENS,
    TOO_LONG,
    RATE_LIMITED,
    OVERLOADED,
    UNFIT,
)
"""In the order in which they are looked for; the first that is found counts."""
