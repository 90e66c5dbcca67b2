"""A user of the official `openai` SDK's Responses API, without any state behind it."""

from __future__ import annotations

import json
from typing import Any

import openai

from tests.inference.tables import KEY
from tests.service.pairs.talk import Answer, Call, Image, Talk, Tokens, User

_INCOMPLETE = {"max_output_tokens": "length", "content_filter": "refusal"}


class ResponsesCaller:
    """Asks a talk and returns what its user would see, whole or streamed, sync or async."""

    protocol = "openai"
    path = "/v1/responses"
    errors = openai

    def __init__(self, url: str, *, max_retries: int = 0) -> None:
        self._url = f"{url}/v1"
        self._sdk = openai.OpenAI(base_url=self._url, api_key=KEY, max_retries=max_retries)

    def async_sdk(self) -> openai.AsyncOpenAI:
        # Without certificates: reading them takes longer than a request.
        http = openai.DefaultAsyncHttpxClient(verify=False)
        return openai.AsyncOpenAI(base_url=self._url, api_key=KEY, max_retries=0, http_client=http)

    def ask(self, talk: Talk, model: str, *, stream: bool) -> Answer:
        fields = self.fields(talk, model)
        if not stream:
            return _answer(self._sdk.responses.create(**fields))
        with self._sdk.responses.stream(**fields) as events:
            seen = list(events)
        return _answer(seen[-1].response)

    async def ask_async(self, talk: Talk, model: str, *, stream: bool) -> Answer:
        fields = self.fields(talk, model)
        async with self.async_sdk() as sdk:
            if not stream:
                return _answer(await sdk.responses.create(**fields))
            async with sdk.responses.stream(**fields) as events:
                seen = [event async for event in events]
            return _answer(seen[-1].response)

    def fields(self, talk: Talk, model: str) -> dict[str, Any]:
        """The keyword arguments of `responses.create`."""
        items: list[dict[str, Any]] = []
        if len(talk.system) > 1:
            items = [{"role": "developer", "content": text} for text in talk.system[1:]]
        for turn in talk.turns:
            items += _user(turn) if isinstance(turn, User) else _assistant(turn)
        fields: dict[str, Any] = {"model": model, "input": items, "store": False}
        fields |= {"max_output_tokens": talk.max_tokens}
        named = {
            "instructions": talk.system[0] if talk.system else None,
            "temperature": talk.temperature,
            "top_p": talk.top_p,
            "parallel_tool_calls": talk.parallel,
        }
        fields |= {name: value for name, value in named.items() if value is not None}
        if talk.effort is not None:
            fields["reasoning"] = {"effort": talk.effort, "summary": "auto"}
            fields["include"] = ["reasoning.encrypted_content"]
        if talk.schema is not None:
            form = {"type": "json_schema", "name": "answer", "schema": talk.schema, "strict": True}
            fields["text"] = {"format": form}
        if talk.tools:
            fields["tools"] = [
                {
                    "type": "function",
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.parameters,
                }
                for tool in talk.tools
            ]
        if talk.tool_choice:
            words = {"auto": "auto", "any": "required", "none": "none"}
            named_tool = {"type": "function", "name": talk.tool_choice}
            fields["tool_choice"] = words.get(talk.tool_choice, named_tool)
        return fields

    def text_in(self, event: Any) -> str:
        """The text of one event of `create(stream=True)`."""
        return event.delta if event.type == "response.output_text.delta" else ""

    def arguments_in(self, event: Any) -> str:
        return event.delta if event.type == "response.function_call_arguments.delta" else ""

    def create(self, talk: Talk, model: str, *, stream: bool = False) -> Any:
        return self._sdk.responses.create(**self.fields(talk, model), stream=stream)

    async def create_async(self, sdk: Any, talk: Talk, model: str) -> Any:
        """A stream of the client `sdk`."""
        return await sdk.responses.create(**self.fields(talk, model), stream=True)


def _user(turn: User) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = [
        {"type": "function_call_output", "call_id": result.call_id, "output": result.text}
        for result in turn.results
    ]
    if turn.images:
        parts: list[dict[str, Any]] = [{"type": "input_text", "text": turn.text}]
        parts += [
            {"type": "input_image", "image_url": _url(image), "detail": "auto"}
            for image in turn.images
        ]
        items.append({"role": "user", "content": parts})
    elif turn.text:
        items.append({"role": "user", "content": turn.text})
    return items


def _url(image: Image) -> str:
    return image.url or f"data:image/png;base64,{image.data}"


def _assistant(answer: Answer) -> list[dict[str, Any]]:
    if answer.whole is not None:
        return list(answer.whole)
    items: list[dict[str, Any]] = []
    if answer.text:
        items.append({"role": "assistant", "content": answer.text})
    items += [
        {
            "type": "function_call",
            "call_id": call.id,
            "name": call.name,
            "arguments": json.dumps(call.arguments),
        }
        for call in answer.calls
    ]
    return items


def _answer(response: Any) -> Answer:
    calls = tuple(
        Call(item.call_id, item.name, json.loads(item.arguments))
        for item in response.output
        if item.type == "function_call"
    )
    thoughts = (
        part.text for item in response.output if item.type == "reasoning" for part in item.summary
    )
    usage, details = response.usage, response.incomplete_details
    stop = "calls" if calls else "end"
    return Answer(
        (response.output_text,) if response.output_text else (),
        tuple(thoughts),
        calls,
        _INCOMPLETE[details.reason] if details is not None else stop,
        None,
        Tokens(
            usage.input_tokens,
            usage.output_tokens,
            usage.input_tokens_details.cached_tokens,
            usage.input_tokens_details.cache_write_tokens,
            usage.output_tokens_details.reasoning_tokens,
        ),
        [item.to_dict() for item in response.output],
    )
