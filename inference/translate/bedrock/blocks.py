"""Anthropic's content blocks as Converse's."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec

from inference.translate.base import Inexpressible
from inference.translate.json_errors import Dropped
from inference.translate.signature import is_unsigned

Block = dict[str, Any]

_IMAGES: Final = {f"image/{name}": name for name in ("png", "jpeg", "gif", "webp")}
_DOCUMENTS: Final = {"application/pdf": "pdf", "text/plain": "txt"}
_ILLEGAL: Final = re.compile(r"[^a-zA-Z0-9 ()\[\]-]+")
"""Source: Converse's reference, `DocumentBlock.name`."""


class Blocks:
    """The blocks of one request. `caches` says whether the model takes cache points."""

    def __init__(self, dropped: Dropped, *, caches: bool) -> None:
        self._dropped = dropped
        self._caches = caches
        self._documents = 0

    def of(self, content: str | list[Block], path: str) -> list[Block]:
        """Raises `Inexpressible`."""
        if isinstance(content, str):
            return [{"text": content}] if content.strip() else []
        out: list[Block] = []
        for position, block in enumerate(content):
            said = self._block(block, f"{path}[{position}]")
            if said is not None:
                out += [said, *self.cached(block)]
        return out

    def cached(self, block: Block) -> list[Block]:
        """The cache point behind a block that asks for one."""
        control = block.get("cache_control")
        if not control:
            return []
        if not self._caches:
            self._dropped.add("cache_control")
            return []
        ttl = control.get("ttl")
        return [{"cachePoint": {"type": "default", **({"ttl": ttl} if ttl else {})}}]

    def _block(self, block: Block, path: str) -> Block | None:
        kind = block["type"]
        if kind == "text":
            return {"text": block["text"]} if block["text"].strip() else None
        if kind == "image":
            return {"image": _image(block["source"], path)}
        if kind == "document":
            return {"document": self._document(block, path)}
        if kind == "tool_use":
            use = {"toolUseId": block["id"], "name": block["name"], "input": block["input"]}
            return {"toolUse": use}
        if kind == "tool_result":
            return {"toolResult": self._result(block, path)}
        if kind in ("thinking", "redacted_thinking"):
            return self._thinking(block)
        raise Inexpressible(path, f"`{path}`: Bedrock's Converse has no content of type {kind!r}.")

    def _thinking(self, block: Block) -> Block | None:
        """What the model itself has thought; that of others it would refuse."""
        if is_unsigned(block):
            self._dropped.add("messages.thinking")
            return None
        if block["type"] == "redacted_thinking":
            return {"reasoningContent": {"redactedContent": block["data"]}}
        text = {"text": block["thinking"], "signature": block.get("signature", "")}
        return {"reasoningContent": {"reasoningText": text}}

    def _result(self, block: Block, path: str) -> Block:
        content = self.of(block.get("content") or "", f"{path}.content")
        result = {"toolUseId": block["tool_use_id"], "content": content or [{"text": " "}]}
        return {**result, "status": "error"} if block.get("is_error") else result

    def _document(self, block: Block, path: str) -> Block:
        source = block["source"]
        self._documents += 1
        title = _ILLEGAL.sub("-", str(block.get("title") or "document")).strip(" -") or "document"
        # No two of a request may share a name.
        name = f"{title[:150]} {self._documents}"
        form = _DOCUMENTS.get(source.get("media_type", ""))
        if source["type"] == "text":
            return {"format": "txt", "name": name, "source": {"text": source["data"]}}
        if source["type"] != "base64" or form is None:
            message = f"`{path}`: Bedrock takes documents as data, of PDF or text."
            raise Inexpressible(path, message)
        return {"format": form, "name": name, "source": {"bytes": source["data"]}}


def _image(source: Block, path: str) -> Block:
    form = _IMAGES.get(source.get("media_type", ""))
    if source["type"] != "base64" or form is None:
        raise Inexpressible(path, f"`{path}`: Bedrock takes images as data, not by their address.")
    return {"format": form, "source": {"bytes": source["data"]}}


def tool_config(fields: dict[str, Any], blocks: Blocks, dropped: Dropped) -> dict[str, Any]:
    """`toolConfig` for Anthropic's `tools` and `tool_choice`."""
    tools: list[Block] = []
    for position, tool in enumerate(fields.get("tools") or ()):
        tools += [_tool(tool, f"tools[{position}]"), *blocks.cached(tool)]
    choice = fields.get("tool_choice") or {}
    if choice.get("disable_parallel_tool_use"):
        dropped.add("parallel_tool_calls")
    kind = choice.get("type")
    if kind == "none":
        if not uses_tools(fields["messages"]):
            return {}
        # A history of calls wants its tools declared, and there is no word for calling none.
        dropped.add("tool_choice")
    if not tools:
        return {}
    config: dict[str, Any] = {"tools": tools}
    if kind == "tool":
        config["toolChoice"] = {"tool": {"name": choice["name"]}}
    elif kind in ("auto", "any"):
        config["toolChoice"] = {kind: {}}
    return config


def _tool(tool: Block, path: str) -> Block:
    if tool.get("type", "custom") != "custom":
        raise Inexpressible(path, f"`{path}`: Bedrock's Converse has no such tool.")
    said = {"name": tool["name"], "inputSchema": {"json": tool["input_schema"]}}
    if tool.get("description"):
        said["description"] = tool["description"]
    if tool.get("strict"):
        said["strict"] = True
    return {"toolSpec": said}


def uses_tools(messages: list[dict[str, Any]]) -> bool:
    return any(
        block["type"] in ("tool_use", "tool_result")
        for message in messages
        if isinstance(message["content"], list)
        for block in message["content"]
    )


def as_text(value: Any) -> str:
    return msgspec.json.encode(value).decode()
