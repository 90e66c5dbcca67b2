"""Well-known clouds and local servers: what the form of a new provider is filled with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode


@dataclass(frozen=True, slots=True)
class Preset:
    """A place that answers, at the address its own documentation gives."""

    label: str
    name: str
    base_url: str
    kind: str = "openai"
    is_local: bool = False

    @property
    def query(self) -> str:
        """What the admin's page for a new row takes as its first values."""
        fields = {"name": self.name, "kind": self.kind, "base_url": self.base_url}
        return urlencode(fields | ({"is_local": "1"} if self.is_local else {}))


CLOUDS: Final = (
    Preset("OpenAI", "openai", "https://api.openai.com/v1"),
    Preset("Anthropic", "anthropic", "https://api.anthropic.com", "anthropic"),
    Preset("OpenRouter", "openrouter", "https://openrouter.ai/api/v1"),
    Preset("Groq", "groq", "https://api.groq.com/openai/v1"),
    Preset("Mistral", "mistral", "https://api.mistral.ai/v1"),
    Preset("DeepSeek", "deepseek", "https://api.deepseek.com/v1"),
    Preset("Together", "together", "https://api.together.xyz/v1"),
)

LOCAL: Final = (
    Preset("LM Studio", "lm-studio", "http://127.0.0.1:1234/v1", is_local=True),
    Preset("Ollama", "ollama", "http://127.0.0.1:11434/v1", is_local=True),
    Preset("vLLM", "vllm", "http://127.0.0.1:8000/v1", is_local=True),
    Preset("mlx_lm.server", "mlx-server", "http://127.0.0.1:8080/v1", "mlx", is_local=True),
)

PRESET_GROUPS: Final = (("Clouds", CLOUDS), ("On this machine", LOCAL))
"""Under their titles."""
