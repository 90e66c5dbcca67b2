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
    caller_headers=TRACE_HEADERS
    | {b"openai-organization", b"openai-project", b"openai-beta", b"idempotency-key"},
    list_headers=LIST_HEADERS | {b"openai-beta"},
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
        Preset("OpenRouter", "openrouter", "https://openrouter.ai/api/v1"),
        Preset("Groq", "groq", "https://api.groq.com/openai/v1"),
        Preset("Mistral", "mistral", "https://api.mistral.ai/v1"),
        Preset("DeepSeek", "deepseek", "https://api.deepseek.com/v1"),
        Preset("Together", "together", "https://api.together.xyz/v1"),
        Preset("LM Studio", "lm-studio", "http://127.0.0.1:1234/v1", is_local=True),
        Preset("Ollama", "ollama", "http://127.0.0.1:11434/v1", is_local=True),
        Preset("vLLM", "vllm", "http://127.0.0.1:8000/v1", is_local=True),
    ),
)
