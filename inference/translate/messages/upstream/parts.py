"""The parts of an OpenAI message as Anthropic's content blocks."""

from __future__ import annotations

from typing import Any, Final

from inference.translate import media
from inference.translate.base import Inexpressible
from inference.translate.chat.request_schema import Content, File, Part
from inference.translate.json_errors import Dropped

Block = dict[str, Any]

_IMAGES: Final = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""Source: Anthropic's API reference, `source.media_type`."""


def blocks_of(content: Content, path: str, dropped: Dropped) -> list[Block]:
    """A message's content as blocks. Blank texts go, since Anthropic refuses them."""
    if content is None:
        return []
    if isinstance(content, str):
        return [{"type": "text", "text": content}] if content.strip() else []
    blocks = []
    for position, part in enumerate(content):
        block = _block(part, f"{path}[{position}]", dropped)
        if block is not None:
            blocks.append(_cached(block, part))
    return blocks


def _block(part: Part, path: str, dropped: Dropped) -> Block | None:
    if part.type in ("text", "refusal"):
        text = part.refusal if part.type == "refusal" else part.text
        if text is None:
            raise Inexpressible(f"{path}.{part.type}", f"`{path}.{part.type}` is required.")
        return {"type": "text", "text": text} if text.strip() else None
    if part.type == "image_url":
        return _image(part, f"{path}.image_url", dropped)
    if part.type == "file" and part.file is not None:
        return _document(part.file, f"{path}.file")
    message = f"`{path}`: Anthropic's protocol has no content of type {part.type!r}."
    raise Inexpressible(path, message)


def _image(part: Part, path: str, dropped: Dropped) -> Block:
    given = part.image_url
    if given is None:
        raise Inexpressible(path, f"`{path}` is required.")
    url = given if isinstance(given, str) else given.url
    if not isinstance(given, str) and given.detail not in (None, "auto"):
        dropped.add("image_url.detail")
    image = media.of_data_url(url)
    if image is not None:
        if image.type not in _IMAGES:
            raise Inexpressible(path, f"`{path}`: Anthropic takes no image of type {image.type!r}.")
        source = {"type": "base64", "media_type": image.type, "data": image.data}
    elif url.startswith(("http://", "https://")):
        source = {"type": "url", "url": url}
    else:
        raise Inexpressible(path, f"`{path}`: expected an http(s) URL or base64 in a data URL.")
    return {"type": "image", "source": source}


def _document(file: File, path: str) -> Block:
    if file.file_data is None and file.file_url is not None:
        return _titled({"type": "url", "url": file.file_url}, file)
    if file.file_data is None:
        message = f"`{path}`: files stored with one provider are unknown to another; send the data."
        raise Inexpressible(f"{path}.file_id", message)
    document = media.of_file_data(file.file_data)
    source: Block | None = None
    if document is not None and document.type == "application/pdf":
        source = {"type": "base64", "media_type": document.type, "data": document.data}
    elif document is not None and document.type.startswith("text/"):
        text = document.text()
        if text is not None:
            source = {"type": "text", "media_type": "text/plain", "data": text}
    if source is None:
        message = f"`{path}.file_data`: expected base64 of a PDF or of plain text, in a data URL."
        raise Inexpressible(f"{path}.file_data", message)
    return _titled(source, file)


def _titled(source: Block, file: File) -> Block:
    block: Block = {"type": "document", "source": source}
    if file.filename:
        block["title"] = file.filename
    return block


def _cached(block: Block, part: Part) -> Block:
    """The block with the cache breakpoint its part asks for, in either protocol's words."""
    if part.cache_control is not None:
        block["cache_control"] = part.cache_control
    elif part.prompt_cache_breakpoint is not None:
        # OpenAI keeps a breakpoint for 30 minutes at least; an hour is what covers that.
        block["cache_control"] = {"type": "ephemeral", "ttl": "1h"}
    return block
