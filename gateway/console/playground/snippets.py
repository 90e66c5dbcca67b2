"""A request as code that others can run. Pure; no key is ever written into it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pprint import pformat
from typing import Any, Final

KEY: Final = "POINTSMAN_API_KEY"
"""Environment variable that the code takes the API key from."""

OPENAI_FIELDS: Final = frozenset(
    {
        "audio",
        "frequency_penalty",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "model",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
"""Parameters of OpenAI's SDK; others go in `extra_body`."""

ANTHROPIC_FIELDS: Final = frozenset(
    {
        "container",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "service_tier",
        "stop_sequences",
        "stream",
        "system",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
        "top_k",
        "top_p",
    }
)

_OPENAI: Final = """\
import os

from openai import OpenAI

client = OpenAI(base_url={base_url!r}, api_key=os.environ[{key!r}])
answer = client.chat.completions.create(
{arguments}
)
{print}
"""
_ANTHROPIC: Final = """\
import os

from anthropic import Anthropic

client = Anthropic(base_url={base_url!r}, api_key=os.environ[{key!r}])
answer = client.messages.create(
{arguments}
)
{print}
"""
_PRINT_OPENAI: Final = "print(answer.choices[0].message)"
_PRINT_OPENAI_STREAM: Final = """\
for chunk in answer:
    for choice in chunk.choices:
        print(choice.delta.content or "", end="", flush=True)
print()"""
_PRINT_ANTHROPIC: Final = "print(answer.content)"
_PRINT_ANTHROPIC_STREAM: Final = """\
for event in answer:
    if event.type == "content_block_delta" and event.delta.type == "text_delta":
        print(event.delta.text, end="", flush=True)
print()"""


def snippets(path: str, body: Mapping[str, Any], base_url: str) -> dict[str, str]:
    """`curl` and `python` for a body sent to a path of `base_url`, which has no slash at its end.

    The model may be left out of a request here, but not of a call of an SDK: `auto` means the same.
    """
    anthropic = path == "/v1/messages"
    return {
        "curl": curl(f"{base_url}{path}", body, anthropic=anthropic),
        "python": python(body, base_url, anthropic=anthropic),
    }


def curl(url: str, body: Mapping[str, Any], *, anthropic: bool) -> str:
    """A command for a POSIX shell. The body is a here-document, where nothing needs quoting."""
    lines = [f"curl {'-N ' if body.get('stream') else ''}{url} \\"]
    if anthropic:
        lines.append(f'  -H "x-api-key: ${KEY}" \\')
        lines.append("  -H 'anthropic-version: 2023-06-01' \\")
    else:
        lines.append(f'  -H "Authorization: Bearer ${KEY}" \\')
    lines.append("  -H 'Content-Type: application/json' \\")
    lines.append("  --data-binary @- <<'JSON'")
    lines.append(json.dumps(body, indent=2, ensure_ascii=False))
    lines.append("JSON")
    return "\n".join(lines) + "\n"


def python(body: Mapping[str, Any], base_url: str, *, anthropic: bool) -> str:
    """A program with the official SDK of the protocol."""
    known = ANTHROPIC_FIELDS if anthropic else OPENAI_FIELDS
    arguments = {"model": "auto", **{name: body[name] for name in body if name in known}}
    extra = {name: body[name] for name in body if name not in known}
    if extra:
        arguments["extra_body"] = extra
    streamed = bool(body.get("stream"))
    if anthropic:
        printed = _PRINT_ANTHROPIC_STREAM if streamed else _PRINT_ANTHROPIC
        template, root = _ANTHROPIC, base_url
    else:
        printed = _PRINT_OPENAI_STREAM if streamed else _PRINT_OPENAI
        template, root = _OPENAI, f"{base_url}/v1"
    written = "\n".join(_argument(name, value) for name, value in arguments.items())
    return template.format(base_url=root, key=KEY, arguments=written, print=printed)


def _argument(name: str, value: Any) -> str:
    first, *rest = pformat(value, width=88, sort_dicts=False).split("\n")
    indent = " " * (len(name) + 5)
    return "\n".join([f"    {name}={first}", *(indent + line for line in rest)]) + ","
