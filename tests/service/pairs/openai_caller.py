"""A user of the official `openai` SDK."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import openai

from tests.inference.tables import KEY
from tests.service.pairs.talk import Answer, Call, Image, Talk, Tokens, User

_STOP = {
    "stop": "end",
    "length": "length",
    "tool_calls": "calls",
    "content_filter": "refusal",
}
_CUT = (openai.LengthFinishReasonError, openai.ContentFilterFinishReasonError)
"""What the SDK raises over an answer that was cut off, with the answer inside."""


class OpenAICaller:
    """Asks a talk and returns what its user would see, whole or streamed, sync or async."""

    protocol = "openai"
    path = "/v1/chat/completions"
    errors = openai

    def __init__(self, url: str, *, max_retries: int = 0) -> None:
        self._url = f"{url}/v1"
        self._sdk = openai.OpenAI(base_url=self._url, api_key=KEY, max_retries=max_retries)

    def sdk(self) -> openai.OpenAI:
        return self._sdk

    def async_sdk(self) -> openai.AsyncOpenAI:
        # Without certificates: reading them takes longer than a request.
        http = openai.DefaultAsyncHttpxClient(verify=False)
        return openai.AsyncOpenAI(base_url=self._url, api_key=KEY, max_retries=0, http_client=http)

    def ask(self, talk: Talk, model: str, *, stream: bool) -> Answer:
        fields = self.fields(talk, model)
        completions = self._sdk.chat.completions
        if not stream:
            return _answer(completions.create(**fields))
        with completions.stream(**fields, stream_options={"include_usage": True}) as events:
            met = [_sequence(event) for event in events]
            try:
                return _answer(events.get_final_completion(), met)
            except _CUT as cut:
                return _answer(cut.completion)

    async def ask_async(self, talk: Talk, model: str, *, stream: bool) -> Answer:
        fields = self.fields(talk, model)
        async with self.async_sdk() as sdk:
            completions = sdk.chat.completions
            if not stream:
                return _answer(await completions.create(**fields))
            async with completions.stream(
                **fields, stream_options={"include_usage": True}
            ) as events:
                met = [_sequence(event) async for event in events]
                try:
                    return _answer(await events.get_final_completion(), met)
                except _CUT as cut:
                    return _answer(cut.completion)

    def fields(self, talk: Talk, model: str) -> dict[str, Any]:
        """The keyword arguments of `chat.completions.create`."""
        messages = [{"role": "system", "content": text} for text in talk.system]
        for turn in talk.turns:
            messages += _user(turn) if isinstance(turn, User) else [_assistant(turn)]
        fields: dict[str, Any] = {"model": model, "messages": messages}
        fields |= {"max_tokens": talk.max_tokens}
        named = {
            "temperature": talk.temperature,
            "top_p": talk.top_p,
            "parallel_tool_calls": talk.parallel,
            "reasoning_effort": talk.effort,
        }
        fields |= {name: value for name, value in named.items() if value is not None}
        if talk.stops:
            fields["stop"] = list(talk.stops)
        if talk.schema is not None:
            schema = {"name": "answer", "schema": talk.schema, "strict": True}
            fields["response_format"] = {"type": "json_schema", "json_schema": schema}
        if talk.tools:
            fields["tools"] = [
                {
                    "type": "function",
                    "function": {
                        "name": tool.name,
                        "description": tool.description,
                        "parameters": tool.parameters,
                    },
                }
                for tool in talk.tools
            ]
        if talk.tool_choice:
            named_tool = {"type": "function", "function": {"name": talk.tool_choice}}
            words = {"auto": "auto", "any": "required", "none": "none"}
            fields["tool_choice"] = words.get(talk.tool_choice, named_tool)
        return fields

    def text_in(self, event: Any) -> str:
        """The text of one event of `create(stream=True)`."""
        return event.choices[0].delta.content or "" if event.choices else ""

    def arguments_in(self, event: Any) -> str:
        calls = event.choices[0].delta.tool_calls if event.choices else None
        return calls[0].function.arguments or "" if calls else ""

    def create(self, talk: Talk, model: str, *, stream: bool = False) -> Any:
        return self._sdk.chat.completions.create(**self.fields(talk, model), stream=stream)

    async def create_async(self, sdk: Any, talk: Talk, model: str) -> Any:
        """A stream of the client `sdk`."""
        return await sdk.chat.completions.create(**self.fields(talk, model), stream=True)


def _user(turn: User) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = [
        {"role": "tool", "tool_call_id": result.call_id, "content": result.text}
        for result in turn.results
    ]
    if turn.images:
        parts: list[dict[str, Any]] = [{"type": "text", "text": turn.text}]
        parts += [{"type": "image_url", "image_url": {"url": _url(one)}} for one in turn.images]
        messages.append({"role": "user", "content": parts})
    elif turn.text:
        messages.append({"role": "user", "content": turn.text})
    return messages


def _url(image: Image) -> str:
    return image.url or f"data:image/png;base64,{image.data}"


def _assistant(answer: Answer) -> dict[str, Any]:
    if answer.whole is not None:
        return dict(answer.whole)
    message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
    if answer.calls:
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": json.dumps(call.arguments)},
            }
            for call in answer.calls
        ]
    return message


def _sequence(event: Any) -> str | None:
    """The stop sequence a chunk names; the SDK's own sum leaves such extensions out."""
    choices = event.chunk.choices if event.type == "chunk" else ()
    return getattr(choices[0], "stop_reason", None) if choices else None


def _answer(completion: Any, met: Iterable[str | None] = ()) -> Answer:
    [choice] = completion.choices
    message = choice.message
    sequence = getattr(choice, "stop_reason", None) or next(filter(None, met), None)
    thought = getattr(message, "reasoning_content", None)
    sent_back = {
        name: value
        for name, value in message.to_dict().items()
        if value is not None and name not in ("parsed", "refusal")
    }
    calls = tuple(
        Call(call.id, call.function.name, json.loads(call.function.arguments))
        for call in message.tool_calls or ()
    )
    return Answer(
        (message.content,) if message.content else (),
        (thought,) if thought else (),
        calls,
        "sequence" if sequence else _STOP[choice.finish_reason],
        sequence,
        _tokens(completion.usage),
        {"content": None, **sent_back},
    )


def _tokens(usage: Any) -> Tokens:
    """Servers may leave out the details."""
    read, made = usage.prompt_tokens_details, usage.completion_tokens_details
    return Tokens(
        usage.prompt_tokens,
        usage.completion_tokens,
        read.cached_tokens if read is not None else 0,
        read.cache_write_tokens if read is not None else 0,
        made.reasoning_tokens if made is not None else 0,
    )
