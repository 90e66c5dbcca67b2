"""OpenAI and everything that speaks its chat completions."""

from governance.kinds.kind import (
    LIST_HEADERS,
    TOO_LONG,
    TRACE_HEADERS,
    FailureWords,
    Preset,
    ProviderKind,
)

KIND = ProviderKind(
    name="openai",
    label="OpenAI-compatible",
    help="OpenAI, and the many clouds and servers that speak its API.",
    rank=30,
    protocol="openai",
    caller_headers=TRACE_HEADERS
    | {b"openai-organization", b"openai-project", b"openai-beta", b"idempotency-key"},
    list_headers=LIST_HEADERS | {b"openai-beta"},
    failure_words=(
        TOO_LONG,
        # Source: DeepSeek's API, which answers an unknown model with 400.
        FailureWords(
            "misconfigured",
            "unknown_model",
            "The provider does not know the model.",
            (b"Model Not Exist",),
        ),
    ),
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
