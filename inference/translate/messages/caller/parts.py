"""Anthropic's content blocks as the parts of an OpenAI message."""

from __future__ import annotations

from typing import Any

from inference.translate.base import Inexpressible
from inference.translate.json_errors import Dropped
from inference.translate.media import Media, registered
from inference.translate.messages.request_schema import Block, MediaSource

Part = dict[str, Any]


def parts_of(block: Block, path: str, dropped: Dropped) -> list[Part]:
    """A block of a user's turn or of a tool result; a document may hold several parts."""
    if block.cache_control is not None:
        dropped.add("cache_control")
    if block.citations:
        dropped.add("citations")
    if block.type == "text":
        return [{"type": "text", "text": _required(block.text, f"{path}.text")}]
    if block.type == "image":
        return [_image(_source(block, path), f"{path}.source")]
    if block.type == "document":
        return _document(block, _source(block, path), path, dropped)
    if block.type == "search_result":
        return _search_result(block, path, dropped)
    if block.type == "tool_reference" and block.tool_name is not None:
        return [_text(f"The tool {block.tool_name} can be called.")]
    raise Inexpressible(path, f"`{path}`: OpenAI's protocol has no content of type {block.type!r}.")


def joined(parts: list[Part]) -> str:
    """The texts among the parts as one."""
    return "\n".join(part["text"] for part in parts if part["type"] == "text")


def only_text(parts: list[Part]) -> bool:
    return all(part["type"] == "text" for part in parts)


def _required(text: str | None, path: str) -> str:
    if text is None:
        raise Inexpressible(path, f"`{path}` is required.")
    return text


def _source(block: Block, path: str) -> MediaSource:
    if not isinstance(block.source, MediaSource):
        raise Inexpressible(f"{path}.source", f"`{path}.source`: expected an object.")
    return block.source


def _image(source: MediaSource, path: str) -> Part:
    if source.type == "base64":
        media_type = registered(_required(source.media_type, f"{path}.media_type"))
        url = Media(media_type, _required(source.data, f"{path}.data")).url
    elif source.type == "url":
        url = _required(source.url, f"{path}.url")
    else:
        raise _elsewhere(source, path)
    return {"type": "image_url", "image_url": {"url": url}}


def _document(block: Block, source: MediaSource, path: str, dropped: Dropped) -> list[Part]:
    where = f"{path}.source"
    if source.type == "base64":
        data = _required(source.data, f"{where}.data")
        url = Media(source.media_type or "application/pdf", data).url
        file = {"filename": block.title or "document.pdf", "file_data": url}
        about = [_text(f"About {file['filename']}: {block.context}")] if block.context else []
        return [*about, {"type": "file", "file": file}]
    if source.type == "text":
        return [_text(_titled(block, _required(source.data, f"{where}.data")))]
    if source.type == "content":
        if isinstance(source.content, str):
            return [_text(_titled(block, source.content))]
        titled = [_text(_titled(block, ""))] if block.title or block.context else []
        for position, inner in enumerate(source.content or ()):
            titled += parts_of(inner, f"{where}.content[{position}]", dropped)
        return titled
    if source.type == "url":
        file = {"filename": block.title or "document.pdf", "file_url": source.url or ""}
        return [{"type": "file", "file": file}]
    raise _elsewhere(source, where)


def _search_result(block: Block, path: str, dropped: Dropped) -> list[Part]:
    found: list[Part] = [_text(f"Search result {block.title or ''} ({block.source or ''})")]
    if isinstance(block.content, list):
        for position, inner in enumerate(block.content):
            found += parts_of(inner, f"{path}.content[{position}]", dropped)
    return [_text(joined(found))] if only_text(found) else found


def _titled(block: Block, text: str) -> str:
    """A document's text under its title and context, which OpenAI's protocol has no fields for."""
    return "\n".join(line for line in (block.title, block.context, text) if line)


def _text(text: str) -> Part:
    return {"type": "text", "text": text}


def _elsewhere(source: MediaSource, path: str) -> Inexpressible:
    if source.type == "file":
        message = "files stored with one provider are unknown to another; send the data."
    else:
        message = f"OpenAI's protocol has no source of type {source.type!r} here; send the data."
    return Inexpressible(path, f"`{path}`: {message}")
