"""llama.cpp's own HTTP, on a socket in a folder that only this user may enter: prompts' tokens."""

from __future__ import annotations

from typing import Final

import msgspec

from inference.local.generation import InvalidGeneration
from inference.local.running import GenerationFailed
from inference.local.wire import Json
from inference.local.worker_client import WorkerClient

_ANSWER_LIMIT: Final = 64 * 2**20
"""Bytes."""


class InnerServer:
    """What it says of requests before they are generated for. Raises InvalidGeneration."""

    def __init__(self, path: str) -> None:
        self._client = WorkerClient(path)

    async def tokens_of_chat(self, body: Json) -> int:
        """Of the prompt that the model's template makes of a chat request."""
        return int((await self._ask(b"/v1/chat/completions/input_tokens", body))["input_tokens"])

    async def prompt_of_chat(self, body: Json) -> list[int]:
        """Its tokens."""
        return await self.prompt_of_text((await self._ask(b"/apply-template", body))["prompt"])

    async def prompt_of_text(self, text: str) -> list[int]:
        body = {"content": text, "add_special": True, "parse_special": True}
        tokens: list[int] = (await self._ask(b"/tokenize", body))["tokens"]
        return tokens

    async def tokens_of_text(self, text: str) -> int:
        return len(await self.prompt_of_text(text))

    async def _ask(self, path: bytes, body: Json) -> Json:
        headers = [(b"content-type", b"application/json")]
        reply = await self._client.send(b"POST", path, headers, msgspec.json.encode(body))
        try:
            answer: Json = msgspec.json.decode(await reply.read_all(_ANSWER_LIMIT))
        finally:
            reply.abort()
        if reply.status != 200:
            raise InvalidGeneration(refusal_of(answer), "messages")
        return answer


def refusal_of(answer: Json) -> str:
    """An error of llama.cpp's, for callers."""
    error = answer.get("error", answer)
    return f"The model refuses this request: {str(error.get('message'))[:300]}"


def failure_of(chunk: Json) -> Exception:
    """A chunk that says why there is no answer."""
    error = chunk.get("error", chunk)
    if error.get("type") == "exceed_context_size_error":
        return InvalidGeneration(
            f"This model's context is {error.get('n_ctx')} tokens, but the prompt alone has "
            f"{error.get('n_prompt_tokens')}.",
            "messages",
            "context_length_exceeded",
        )
    if error.get("code") == 400:
        return InvalidGeneration(refusal_of(chunk))
    return GenerationFailed(f"Generation failed: {refusal_of(chunk)}")
