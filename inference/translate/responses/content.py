"""The content parts of the Responses API as those of chat messages."""

from __future__ import annotations

from typing import Any

from inference.translate.base import Inexpressible
from inference.translate.responses.request_schema import ContentPart


def content_of(parts: list[ContentPart], path: str) -> list[dict[str, Any]]:
    return [_part(part, f"{path}[{n}]") for n, part in enumerate(parts)]


def _part(part: ContentPart, path: str) -> dict[str, Any]:
    if part.type in ("input_text", "output_text", "text") and part.text is not None:
        return {"type": "text", "text": part.text}
    if part.type == "refusal" and part.refusal is not None:
        return {"type": "refusal", "refusal": part.refusal}
    if part.type == "input_image" and part.image_url is not None:
        image = {"url": part.image_url}
        if part.detail is not None:
            image["detail"] = part.detail
        return {"type": "image_url", "image_url": image}
    if part.type == "input_file" and part.file_data is not None:
        file = {"file_data": part.file_data}
        if part.filename is not None:
            file["filename"] = part.filename
        return {"type": "file", "file": file}
    if part.type == "input_audio" and part.input_audio is not None:
        return {"type": "input_audio", "input_audio": part.input_audio}
    if part.type == "input_file" and part.file_url is not None:
        return {"type": "file", "file": {"file_url": part.file_url}}
    if part.file_id is not None:
        message = f"`{path}.file_id`: no chat model can fetch it; send the data."
        raise Inexpressible(f"{path}.file_id", message)
    raise Inexpressible(path, f"`{path}`: no chat model knows a part of this form.")
