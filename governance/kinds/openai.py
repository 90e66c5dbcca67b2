"""OpenAI and everything that speaks its chat completions."""

from governance.kinds.kind import LIST_HEADERS, TRACE_HEADERS, Preset, ProviderKind
from governance.kinds.model_rules import Fix, ModelRule
from governance.kinds.responses_api import ResponsesAPI

KIND = ProviderKind(
    name="openai",
    label="OpenAI-compatible",
    help="OpenAI, and the many clouds and servers that speak its API.",
    rank=30,
    protocol="openai",
    holds=frozenset({"files", "file_batches"}),
    caller_headers=TRACE_HEADERS
    | {b"openai-organization", b"openai-project", b"openai-beta", b"idempotency-key"},
    list_headers=LIST_HEADERS | {b"openai-beta"},
    # Comments: OpenRouter's "processing", vLLM's and others' keep-alives.
    signs_of_life=True,
    model_rules=(
        # Source: OpenAI's guide to reasoning models. They sample as they like; from GPT-5.1 on it
        # depends on the effort, which a refusal tells.
        ModelRule(
            r"(?:^|[/.])(?:o[134](?:-(?:mini|pro|preview))?|gpt-5(?:-(?:mini|nano|pro|codex))?)"
            r"(?:-20\d\d-?\d\d-?\d\d)?$",
            (Fix("fixed_temperature"), Fix("drop", "top_p")),
        ),
    ),
    responses=ResponsesAPI(frozenset({"api.openai.com"})),
    presets=(
        Preset("OpenAI", "openai", "https://api.openai.com/v1", rank=1),
        Preset(
            "Gemini (OpenAI-compatible)",
            "gemini-openai",
            "https://generativelanguage.googleapis.com/v1beta/openai",
        ),
    ),
)
