"""Amazon Bedrock. Source: its service model, as botocore has it; its guides "Anthropic Claude
Messages API" and "Converse"; the specification of AWS's event stream."""

from __future__ import annotations

import base64
import binascii
import json
import re
import struct
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from typing import Any
from urllib.parse import unquote

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.validate import ParamValidator

from tests.service.clouds.strict import Refused, Strict
from tests.service.clouds.vertex import MESSAGES
from tests.service.pairs.anthropic_script import AnthropicScript
from tests.service.pairs.talk import Answer, Call, Image, Result, Talk, Tool, User
from tests.support.upstream import Asked, Json, Reply, Sse

KEY = "AKIAIOSFODNN7EXAMPLE"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SESSION = "session-token-of-a-role"
REGION = "eu-central-1"
_PROOF = re.compile(
    r"AWS4-HMAC-SHA256 Credential=([^/]+)/(\d{8})/([^/]+)/([^/]+)/aws4_request, "
    r"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})"
)


def frame(headers: dict[str, str], payload: bytes) -> bytes:
    """A frame of AWS's event stream, all of its headers texts."""
    head = b"".join(
        struct.pack(">B", len(name)) + name.encode()
        + struct.pack(">BH", 7, len(value.encode())) + value.encode()
        for name, value in headers.items()
    )  # fmt: skip
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    prelude += struct.pack(">I", zlib.crc32(prelude))
    body = prelude + head + payload
    return body + struct.pack(">I", zlib.crc32(body))


def event(name: str, payload: dict[str, Any]) -> bytes:
    headers = {":event-type": name, ":content-type": "application/json", ":message-type": "event"}
    return frame(headers, json.dumps(payload).encode())


def exception(name: str, message: str) -> bytes:
    headers = {":exception-type": name, ":content-type": "application/json"}
    payload = json.dumps({"message": message}).encode()
    return frame({**headers, ":message-type": "exception"}, payload)


@cache
def shape(operation: str) -> Any:
    model = botocore.session.get_session().get_service_model("bedrock-runtime")
    return model.operation_model(operation).input_shape


def checked(value: Any, form: Any, path: str = "") -> Any:
    """A member of a JSON body as the service reads it. Raises `Refused` for what it does not
    know."""
    if form.type_name == "structure" and not form.metadata.get("document"):
        if not isinstance(value, dict):
            raise Refused(400, f"{path}: expected an object")
        for name in value:
            if name not in form.members:
                raise Refused(400, f"extraneous key [{name}] is not permitted at {path}")
        if form.metadata.get("union") and len(value) != 1:
            raise Refused(400, f"{path}: exactly one member")
        return {k: checked(v, form.members[k], f"{path}/{k}") for k, v in value.items()}
    if form.type_name == "list":
        return [checked(one, form.member, f"{path}/{n}") for n, one in enumerate(value)]
    if form.type_name == "blob":
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, TypeError):
            raise Refused(400, f"{path}: no base64") from None
    if getattr(form, "enum", None) and value not in form.enum:
        raise Refused(400, f"{path}: {value!r} is none of {form.enum}")
    return value


class Bedrock(Strict):
    """By an access key of a role."""

    kind = "bedrock"
    models = ("amazon.nova-lite-v1:0", "anthropic.claude-haiku-4-5-20251001-v1:0")
    media_type = "application/vnd.amazon.eventstream"

    @property
    def api_key(self) -> str:  # type: ignore[override]
        return json.dumps(
            {
                "AccessKeyId": KEY,
                "SecretAccessKey": SECRET,
                "SessionToken": SESSION,
                "region": REGION,
            }
        )

    def wrong_key(self) -> str:
        return self.api_key.replace(SECRET, SECRET[::-1])

    def reply(self, asked: Asked, path: str, query: dict[str, str]) -> Reply:
        self.authorized(asked)
        if asked.method == "GET":
            if path != "/foundation-models" or query.keys() != {"byOutputModality"}:
                raise Refused(404, "not found")
            return Json({"modelSummaries": [{"modelId": name} for name in self.models]})
        found = re.fullmatch(r"/model/([A-Za-z0-9._~%-]+)/([a-z-]+)", path)
        if found is None or query or asked.headers["content-type"] != "application/json":
            raise Refused(404, "not found")
        if unquote(found[1]) != self.model:
            raise Refused(400, "The provided model identifier is invalid.")
        return self.answered(asked, found[2])

    def answered(self, asked: Asked, method: str) -> Reply:
        raise NotImplementedError

    def authorized(self, asked: Asked) -> None:
        proof = _PROOF.fullmatch(asked.headers.get("authorization", ""))
        if proof is None:
            raise Refused(403, "Missing Authentication Token")
        key, day, region, service, names, signature = proof.groups()
        at = asked.headers["x-amz-date"]
        sent = datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
        if abs(sent - time.time()) > 300 or not at.startswith(day):
            raise Refused(403, "Signature expired")
        if (key, region, service) != (KEY, REGION, "bedrock"):
            raise Refused(403, "The security token included in the request is invalid.")
        if not {"host", "x-amz-date", "x-amz-security-token"} <= set(names.split(";")):
            raise Refused(403, "headers are not signed")
        headers = {name: asked.headers[name] for name in names.split(";")}
        signer = SigV4Auth(Credentials(KEY, SECRET, SESSION), "bedrock", REGION)
        request = AWSRequest(asked.method, self.origin + asked.path, headers, asked.raw)
        request.context["timestamp"] = at
        text = signer.string_to_sign(request, signer.canonical_request(request))
        if signer.signature(text, request) != signature:
            raise Refused(403, "The request signature we calculated does not match.")

    def error(self, error: Refused) -> Any:
        return {"message": error.message}


class BedrockClaude(Bedrock):
    model = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"
    script_of = AnthropicScript()

    def answered(self, asked: Asked, method: str) -> Reply:
        if method == "converse":  # The connection test.
            return Converse.answered(self, asked, method)
        body = asked.body
        for name in body:
            if name not in MESSAGES - {"stream", "metadata"} | {"anthropic_beta"}:
                raise Refused(400, f"Malformed input request: extraneous key [{name}]")
        if body.get("anthropic_version") != "bedrock-2023-05-31":
            raise Refused(400, "Malformed input request: required key [anthropic_version]")
        self.heard.append(self.script_of.heard(body).plain())
        answer = self.next()
        if method == "invoke":
            return Json(self.script_of.whole(answer))
        if method != "invoke-with-response-stream":
            raise Refused(404, "not found")
        return Sse(list(self._frames(answer)), media_type=self.media_type)

    def _frames(self, answer: Answer) -> Iterator[bytes]:
        for said in self.script_of.events(answer):
            data = json.loads(said.partition(b"data: ")[2])
            if data["type"] == "message_stop":
                data["amazon-bedrock-invocationMetrics"] = {"inputTokenCount": 1}
            inner = base64.b64encode(json.dumps(data).encode()).decode()
            yield event("chunk", {"bytes": inner, "p": "abcdefgh"})


class Converse(Bedrock):
    """Any other model, by a Bedrock API key."""

    model = "amazon.nova-lite-v1:0"
    stops = {"end": "end_turn", "calls": "tool_use", "length": "max_tokens"}

    @property
    def api_key(self) -> str:  # type: ignore[override]
        return "bedrock-api-key-of-an-operator"

    def wrong_key(self) -> str:
        return "bedrock-api-key-of-another"

    def authorized(self, asked: Asked) -> None:
        given = asked.headers.get("authorization")
        if given != f"Bearer {self.api_key}" or "x-amz-date" in asked.headers:
            raise Refused(403, "The API key is not valid.")

    def answered(self, asked: Asked, method: str) -> Reply:
        given = {"modelId": self.model, **asked.body}
        form = shape("Converse")
        read = checked(given, form)
        report = ParamValidator().validate(read, form).generate_report()
        if report:
            raise Refused(400, report)
        self.heard.append(heard(asked.body).plain())
        answer = self.next()
        if method == "converse":
            return Json(whole(answer))
        if method != "converse-stream":
            raise Refused(404, "not found")
        return Sse(list(frames(answer)), media_type=self.media_type)


def _usage(answer: Answer) -> dict[str, Any]:
    tokens = answer.tokens
    return {
        "inputTokens": tokens.prompt - tokens.cached - tokens.written,
        "outputTokens": tokens.completion,
        "totalTokens": tokens.prompt + tokens.completion,
        "cacheReadInputTokens": tokens.cached,
        "cacheWriteInputTokens": tokens.written,
    }


def whole(answer: Answer) -> dict[str, Any]:
    content: list[dict[str, Any]] = []
    if answer.thoughts:
        content.append({"reasoningContent": {"reasoningText": {"text": answer.thought}}})
    if answer.text:
        content.append({"text": answer.text})
    for call in answer.calls:
        use = {"toolUseId": call.id, "name": call.name, "input": call.arguments}
        content.append({"toolUse": use})
    return {
        "output": {"message": {"role": "assistant", "content": content}},
        "stopReason": Converse.stops[answer.stop],
        "usage": _usage(answer),
        "metrics": {"latencyMs": 3},
    }


def frames(answer: Answer) -> Iterator[bytes]:
    """Texts and reasoning begin without a start, as the service does."""
    yield event("messageStart", {"role": "assistant", "p": "ab"})
    index = 0
    blocks: list[list[dict[str, Any]]] = [
        [{"reasoningContent": {"text": one}} for one in answer.thoughts],
        [{"text": one} for one in answer.texts],
    ]
    for deltas in filter(None, blocks):
        for delta in deltas:
            yield event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})
        yield event("contentBlockStop", {"contentBlockIndex": index})
        index += 1
    for call in answer.calls:
        use = {"toolUseId": call.id, "name": call.name}
        yield event("contentBlockStart", {"contentBlockIndex": index, "start": {"toolUse": use}})
        text = json.dumps(call.arguments)
        for piece in (text[:4], text[4:]):
            delta = {"toolUse": {"input": piece}}
            yield event("contentBlockDelta", {"contentBlockIndex": index, "delta": delta})
        yield event("contentBlockStop", {"contentBlockIndex": index})
        index += 1
    yield event("messageStop", {"stopReason": Converse.stops[answer.stop]})
    yield event("metadata", {"usage": _usage(answer), "metrics": {"latencyMs": 3}})


def heard(body: dict[str, Any]) -> Talk:
    turns = [_turn(one) for one in body["messages"]]
    for before, after in zip([None, *turns], turns, strict=False):
        if type(before) is type(after):
            raise Refused(400, "A conversation must alternate between user and assistant roles.")
        called = [call.id for call in before.calls] if isinstance(before, Answer) else []
        results = [one.call_id for one in after.results] if isinstance(after, User) else []
        if called != results:
            raise Refused(400, "Expected toolResult blocks for the toolUse blocks of the turn.")
    config, tools = body.get("inferenceConfig", {}), body.get("toolConfig", {})
    if any(isinstance(turn, Answer) and turn.calls for turn in turns) and not tools:
        raise Refused(400, "The toolConfig field must be defined when using toolUse blocks.")
    choice = tools.get("toolChoice", {})
    return Talk(
        turns=tuple(turns),
        system=tuple(one["text"] for one in body.get("system", ())),
        tools=tuple(
            Tool(
                one["toolSpec"]["name"],
                one["toolSpec"]["inputSchema"]["json"],
                one["toolSpec"].get("description", ""),
            )
            for one in tools.get("tools", ())
        ),
        tool_choice=choice.get("tool", {}).get("name") or next(iter(choice), ""),
        max_tokens=config.get("maxTokens"),
        temperature=config.get("temperature"),
        top_p=config.get("topP"),
        stops=tuple(config.get("stopSequences", ())),
    )


def _turn(turn: dict[str, Any]) -> User | Answer:
    content = turn["content"]
    text = "".join(one.get("text", "") for one in content)
    if turn["role"] == "assistant":
        uses = [one["toolUse"] for one in content if "toolUse" in one]
        calls = tuple(Call(one["toolUseId"], one["name"], one["input"]) for one in uses)
        return Answer((text,) if text else (), calls=calls)
    results = [one["toolResult"] for one in content if "toolResult" in one]
    images = [one["image"] for one in content if "image" in one]
    return User(
        text,
        tuple(Image(data=one["source"]["bytes"]) for one in images),
        tuple(
            Result(one["toolUseId"], "".join(part.get("text", "") for part in one["content"]))
            for one in results
        ),
    )
