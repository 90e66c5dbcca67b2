"""How to use a key: the same request in the words of each client. Pure.

The base URL is the address that the page itself was reached by.
"""

from __future__ import annotations

import json
import shlex
from typing import Final, NamedTuple

VARIABLE: Final = "POINTSMAN_API_KEY"
QUESTION: Final = "What is the capital of France?"


class Snippet(NamedTuple):
    """Code to copy; `name` is that of the client."""

    name: str
    code: str


def snippets(base_url: str, model: str, secret: str = "") -> list[Snippet]:
    """`base_url` has no slash at its end; without a secret the code takes it from a variable."""
    key = shlex.quote(secret) if secret else f'"${VARIABLE}"'
    token = secret or f"${VARIABLE}"
    messages = [{"role": "user", "content": QUESTION}]
    body = json.dumps({"model": model, "messages": messages})
    export = f"export {VARIABLE}={key}\n\n" if secret else ""
    return [
        Snippet(
            "curl",
            f"curl {base_url}/v1/chat/completions \\\n"
            f'  -H "Authorization: Bearer {token}" \\\n'
            "  -H 'Content-Type: application/json' \\\n"
            f"  -d '{body}'\n",
        ),
        Snippet("OpenAI SDK", _OPENAI.format(url=base_url, key=_python(secret), model=model)),
        Snippet("Anthropic SDK", _ANTHROPIC.format(url=base_url, key=_python(secret), model=model)),
        Snippet(
            "Claude Code",
            f"export ANTHROPIC_BASE_URL={base_url}\n"
            f"export ANTHROPIC_AUTH_TOKEN={key}\n"
            f"export ANTHROPIC_MODEL={model}\n"
            f"export ANTHROPIC_DEFAULT_HAIKU_MODEL={model}\n"
            f"export CLAUDE_CODE_SUBAGENT_MODEL={model}\n"
            "claude\n",
        ),
        Snippet("Codex", export + _CODEX.format(url=base_url, model=model, variable=VARIABLE)),
    ]


def _python(secret: str) -> str:
    return repr(secret) if secret else f'os.environ["{VARIABLE}"]'


_OPENAI: Final = """\
import os
from openai import OpenAI

client = OpenAI(base_url="{url}/v1", api_key={key})
answer = client.chat.completions.create(
    model="{model}",
    messages=[{{"role": "user", "content": "What is the capital of France?"}}],
)
print(answer.choices[0].message.content)
"""
_ANTHROPIC: Final = """\
import os
from anthropic import Anthropic

client = Anthropic(base_url="{url}", api_key={key})
answer = client.messages.create(
    model="{model}",
    max_tokens=100,
    messages=[{{"role": "user", "content": "What is the capital of France?"}}],
)
print(answer.content[0].text)
"""
_CODEX: Final = """\
# ~/.codex/config.toml
model = "{model}"
model_provider = "pointsman"

[model_providers.pointsman]
name = "Pointsman"
base_url = "{url}/v1"
env_key = "{variable}"
wire_api = "responses"
"""
