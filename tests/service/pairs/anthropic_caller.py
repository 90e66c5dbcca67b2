"""A user of the official `anthropic` SDK."""

from __future__ import annotations

from typing import Any

import anthropic

from tests.inference.tables import KEY
from tests.service.pairs.talk import Answer, Call, Image, Talk, Tokens, User

_STOP = {
    "end_turn": "end",
    "max_tokens": "length",
    "tool_use": "calls",
    "stop_sequence": "sequence",
    "refusal": "refusal",
}
_BUDGETS = {"low": 2048, "medium": 8192, "high": 16384}


class AnthropicCaller:
    """Asks a talk and returns what its user would see, whole or streamed, sync or async."""

    protocol = "anthropic"
    path = "/v1/messages"
    errors = anthropic

    def __init__(self, url: str, *, max_retries: int = 0) -> None:
        self._url = url
        self._sdk = anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=max_retries)

    def sdk(self) -> anthropic.Anthropic:
        return self._sdk

    def async_sdk(self) -> anthropic.AsyncAnthropic:
        # Without certificates: reading them takes longer than a request.
        http = anthropic.DefaultAsyncHttpxClient(verify=False)
        return anthropic.AsyncAnthropic(
            base_url=self._url, api_key=KEY, max_retries=0, http_client=http
        )

    def ask(self, talk: Talk, model: str, *, stream: bool) -> Answer:
        fields = self.fields(talk, model)
        if not stream:
            return _answer(self._sdk.messages.create(**fields))
        with self._sdk.messages.stream(**fields) as events:
            for _ in events:
                pass
            return _answer(events.get_final_message())

    async def ask_async(self, talk: Talk, model: str, *, stream: bool) -> Answer:
        fields = self.fields(talk, model)
        async with self.async_sdk() as sdk:
            if not stream:
                return _answer(await sdk.messages.create(**fields))
            async with sdk.messages.stream(**fields) as events:
                async for _ in events:
                    pass
                return _answer(await events.get_final_message())

    def fields(self, talk: Talk, model: str) -> dict[str, Any]:
        """The keyword arguments of `messages.create`."""
        turns = [_user(t) if isinstance(t, User) else _assistant(t) for t in talk.turns]
        fields: dict[str, Any] = {"model": model, "messages": turns}
        fields |= {"max_tokens": talk.max_tokens}
        # SDKs of this version take no such keywords any more; the protocol does.
        named = {"temperature": talk.temperature, "top_p": talk.top_p}
        more = {name: value for name, value in named.items() if value is not None}
        if talk.system:
            blocks = [{"type": "text", "text": text} for text in talk.system]
            fields["system"] = talk.system[0] if len(blocks) == 1 else blocks
        if talk.stops:
            fields["stop_sequences"] = list(talk.stops)
        if talk.schema is not None:
            form = {"type": "json_schema", "schema": talk.schema}
            fields["output_config"] = {"format": form}
        if talk.effort is not None:
            budget = _BUDGETS[talk.effort]
            fields["thinking"] = {"type": "enabled", "budget_tokens": budget}
        if talk.tools:
            fields["tools"] = [
                {
                    "name": tool.name,
                    "description": tool.description,
                    "input_schema": tool.parameters,
                }
                for tool in talk.tools
            ]
        if talk.tool_choice:
            kinds = ("auto", "any", "none")
            choice: dict[str, Any] = {"type": talk.tool_choice}
            if talk.tool_choice not in kinds:
                choice = {"type": "tool", "name": talk.tool_choice}
            if talk.parallel is not None:
                choice["disable_parallel_tool_use"] = not talk.parallel
            fields["tool_choice"] = choice
        return {**fields, "extra_body": more} if more else fields

    def text_in(self, event: Any) -> str:
        """The text of one event of `create(stream=True)`."""
        return getattr(getattr(event, "delta", None), "text", None) or ""

    def arguments_in(self, event: Any) -> str:
        return getattr(getattr(event, "delta", None), "partial_json", None) or ""

    def create(self, talk: Talk, model: str, *, stream: bool = False) -> Any:
        return self._sdk.messages.create(**self.fields(talk, model), stream=stream)

    async def create_async(self, sdk: Any, talk: Talk, model: str) -> Any:
        """A stream of the client `sdk`."""
        return await sdk.messages.create(**self.fields(talk, model), stream=True)


def _user(turn: User) -> dict[str, Any]:
    if not turn.images and not turn.results:
        return {"role": "user", "content": turn.text}
    blocks: list[dict[str, Any]] = [
        {"type": "tool_result", "tool_use_id": result.call_id, "content": result.text}
        for result in turn.results
    ]
    if turn.text:
        blocks.append({"type": "text", "text": turn.text})
    blocks += [{"type": "image", "source": _source(image)} for image in turn.images]
    return {"role": "user", "content": blocks}


def _source(image: Image) -> dict[str, Any]:
    if image.url:
        return {"type": "url", "url": image.url}
    return {"type": "base64", "media_type": "image/png", "data": image.data}


def _assistant(answer: Answer) -> dict[str, Any]:
    if answer.whole is not None:
        return {"role": "assistant", "content": answer.whole}
    blocks: list[dict[str, Any]] = [{"type": "text", "text": text} for text in answer.texts]
    blocks += [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
        for call in answer.calls
    ]
    return {"role": "assistant", "content": blocks}


def _answer(message: Any) -> Answer:
    blocks, usage = message.content, message.usage
    details = getattr(usage, "output_tokens_details", None)
    return Answer(
        tuple(block.text for block in blocks if block.type == "text"),
        tuple(block.thinking for block in blocks if block.type == "thinking"),
        tuple(Call(b.id, b.name, b.input) for b in blocks if b.type == "tool_use"),
        _STOP[message.stop_reason],
        message.stop_sequence,
        Tokens(
            usage.input_tokens
            + (usage.cache_read_input_tokens or 0)
            + (usage.cache_creation_input_tokens or 0),
            usage.output_tokens,
            usage.cache_read_input_tokens or 0,
            usage.cache_creation_input_tokens or 0,
            details.thinking_tokens if details is not None else 0,
        ),
        [block.to_dict() for block in blocks],
    )
