"""Says an answer and reads a request in the words of `generateContent`, and refuses what breaks
its rules. Source: the Gemini API's reference, its guides "Function calling" and "Thought
signatures"."""

from __future__ import annotations

import json
from typing import Any

from tests.service.clouds.strict import Refused
from tests.service.pairs.talk import Answer, Call, Image, Result, Talk, Tool, User

FINISH = {"end": "STOP", "calls": "STOP", "length": "MAX_TOKENS", "refusal": "SAFETY"}
TOP = {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}
CONFIG = {
    *("maxOutputTokens", "temperature", "topP", "topK", "seed", "stopSequences"),
    *("responseMimeType", "responseJsonSchema", "thinkingConfig"),
}
DATA = {"text", "inlineData", "fileData", "functionCall", "functionResponse"}
ANY = "skip_thought_signature_validator"


class GeminiScript:
    def __init__(self) -> None:
        self.said = 0
        """How many answers."""
        self.issued: dict[str, str] = {}
        """Signatures given, with the arguments of their calls."""

    # What it says

    def whole(self, answer: Answer) -> dict[str, Any]:
        parts = [part for chunk in self._parts(answer) for part in chunk]
        return self._generated(parts, answer, last=True)

    def events(self, answer: Answer) -> list[bytes]:
        chunks = [self._generated(parts, answer) for parts in self._parts(answer)]
        chunks.append(self._generated([{"text": ""}], answer, last=True))
        return [b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in chunks]

    def _parts(self, answer: Answer) -> list[list[dict[str, Any]]]:
        self.said += 1
        chunks = [[{"text": thought, "thought": True}] for thought in answer.thoughts]
        chunks += [[{"text": text}] for text in answer.texts]
        calls = []
        for number, call in enumerate(answer.calls):
            said: dict[str, Any] = {"functionCall": {"name": call.name, "args": call.arguments}}
            if not number:
                signature = f"sig+/{len(self.issued)}=="
                self.issued[signature] = json.dumps(call.arguments)
                said["thoughtSignature"] = signature
            calls.append(said)
        return [*chunks, calls] if calls else chunks

    def _generated(self, parts: Any, answer: Answer, *, last: bool = False) -> dict[str, Any]:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
        tokens = answer.tokens
        usage: dict[str, Any] = {"promptTokenCount": tokens.prompt}
        if last:
            candidate["finishReason"] = FINISH[answer.stop]
            usage["candidatesTokenCount"] = tokens.completion - tokens.reasoning
            usage["thoughtsTokenCount"] = tokens.reasoning
            usage["cachedContentTokenCount"] = tokens.cached
            usage["totalTokenCount"] = tokens.prompt + tokens.completion
        return {
            "candidates": [candidate],
            "usageMetadata": usage,
            "modelVersion": "gemini-3-flash-001",
            "responseId": f"resp-{self.said}_x",
        }

    # What it hears

    def heard(self, body: dict[str, Any]) -> Talk:
        """The request as a talk. Raises `Refused`."""
        _known(body, TOP)
        config = body.get("generationConfig", {})
        _known(config, CONFIG)
        contents = body["contents"]
        self._steps(contents)
        choice = body.get("toolConfig", {}).get("functionCallingConfig", {})
        _known(choice, {"mode", "allowedFunctionNames"})
        names = choice.get("allowedFunctionNames")
        system = body.get("systemInstruction", {}).get("parts", ())
        return Talk(
            turns=tuple(_turns(contents)),
            system=tuple(part["text"] for part in system),
            tools=tuple(map(_tool, _declared(body))),
            tool_choice=names[0] if names else choice.get("mode", "").lower(),
            max_tokens=config.get("maxOutputTokens"),
            temperature=config.get("temperature"),
            top_p=config.get("topP"),
            stops=tuple(config.get("stopSequences", ())),
            schema=config.get("responseJsonSchema"),
            effort=config.get("thinkingConfig", {}).get("thinkingLevel"),
        )

    def _steps(self, contents: list[dict[str, Any]]) -> None:
        if not contents or contents[0]["role"] != "user":
            raise Refused(400, "Please ensure that the first content is of the user.")
        begun = max(n for n, one in enumerate(contents) if _is_said_by_user(one))
        for number, one in enumerate(contents):
            _known(one, {"role", "parts"})
            if one["role"] not in ("user", "model") or not one["parts"]:
                raise Refused(400, "Please use a valid role: user, model.")
            for part in one["parts"]:
                _known(part, DATA | {"thoughtSignature"})
                if len(DATA & part.keys()) != 1:
                    raise Refused(
                        400, "required oneof field 'data' must have one initialized field"
                    )
            calls = [part for part in one["parts"] if "functionCall" in part]
            if not calls:
                continue
            self._signed(calls, current=number > begun)
            after = contents[number + 1] if number + 1 < len(contents) else {"parts": []}
            results = [p["functionResponse"] for p in after["parts"] if "functionResponse" in p]
            if [r["name"] for r in results] != [c["functionCall"]["name"] for c in calls]:
                raise Refused(400, "Please ensure that the number of function response parts is "
                              "equal to the number of function call parts")  # fmt: skip

    def _signed(self, calls: list[dict[str, Any]], *, current: bool) -> None:
        signature = calls[0].get("thoughtSignature")
        if signature is None and current:
            raise Refused(
                400, "Function call is missing a thought_signature in functionCall parts."
            )
        if signature not in (None, ANY):
            args = json.dumps(calls[0]["functionCall"]["args"])
            if self.issued.get(signature) != args:
                raise Refused(400, "Thought signature is not valid.")


def _known(value: dict[str, Any], names: set[str]) -> None:
    for name in value:
        if name not in names:
            raise Refused(400, f'Invalid JSON payload received. Unknown name "{name}"')


def _is_said_by_user(content: dict[str, Any]) -> bool:
    return content["role"] == "user" and not any("functionResponse" in p for p in content["parts"])


def _declared(body: dict[str, Any]) -> list[dict[str, Any]]:
    found = []
    for tool in body.get("tools", ()):
        _known(tool, {"functionDeclarations"})
        found += tool["functionDeclarations"]
    return found


def _tool(declared: dict[str, Any]) -> Tool:
    _known(declared, {"name", "description", "parametersJsonSchema"})
    return Tool(declared["name"], declared["parametersJsonSchema"], declared.get("description", ""))


def _turns(contents: list[dict[str, Any]]) -> list[User | Answer]:
    turns: list[User | Answer] = []
    names: list[str] = []
    for one in contents:
        parts = one["parts"]
        text = "".join(part.get("text", "") for part in parts)
        if one["role"] == "model":
            calls = [part["functionCall"] for part in parts if "functionCall" in part]
            names = [f"{call['name']}-{n}" for n, call in enumerate(calls)]
            turns.append(
                Answer(
                    (text,) if text else (),
                    calls=tuple(
                        Call(name, call["name"], call["args"])
                        for name, call in zip(names, calls, strict=True)
                    ),
                )
            )
            continue
        results = [part["functionResponse"] for part in parts if "functionResponse" in part]
        images = [part for part in parts if "inlineData" in part or "fileData" in part]
        turns.append(
            User(
                text,
                tuple(
                    Image(data=i["inlineData"]["data"])
                    if "inlineData" in i
                    else Image(url=i["fileData"]["fileUri"])
                    for i in images
                ),
                tuple(
                    Result(name, result["response"]["output"])
                    for name, result in zip(names, results, strict=True)
                )
                if results
                else (),
            )
        )
    return turns
