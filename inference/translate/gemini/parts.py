"""The parts of an OpenAI message as Google's."""

from __future__ import annotations

import mimetypes
from typing import Any, Final
from urllib.parse import urlsplit

from inference.translate import media
from inference.translate.base import Inexpressible
from inference.translate.chat.request_schema import File
from inference.translate.gemini.request_schema import InputAudio, MediaPart
from inference.translate.json_errors import Dropped

Piece = dict[str, Any]

_SOUND: Final = {"mp3": "audio/mp3", "wav": "audio/wav"}


def pieces_of(content: str | list[MediaPart] | None, path: str, dropped: Dropped) -> list[Piece]:
    """A message's content. Empty texts go."""
    if content is None:
        return []
    if isinstance(content, str):
        return [{"text": content}] if content else []
    pieces = []
    for position, part in enumerate(content):
        if part.cache_control is not None or part.prompt_cache_breakpoint is not None:
            dropped.add("cache_control")
        piece = _piece(part, f"{path}[{position}]", dropped)
        if piece is not None:
            pieces.append(piece)
    return pieces


def _piece(part: MediaPart, path: str, dropped: Dropped) -> Piece | None:
    if part.type in ("text", "refusal"):
        text = part.refusal if part.type == "refusal" else part.text
        return {"text": text} if text else None
    if part.type == "image_url" and part.image_url is not None:
        given = part.image_url
        if not isinstance(given, str) and given.detail not in (None, "auto"):
            dropped.add("image_url.detail")
        return _at(given if isinstance(given, str) else given.url, "image/jpeg", path)
    if part.type == "file" and part.file is not None:
        return _file(part.file, f"{path}.file")
    if part.type == "input_audio" and part.input_audio is not None:
        return _sound(part.input_audio)
    message = f"`{path}`: Gemini's protocol has no content of type {part.type!r}."
    raise Inexpressible(path, message)


def _at(url: str, default: str, path: str) -> Piece:
    inline = media.of_data_url(url)
    if inline is not None:
        return {"inlineData": {"mimeType": inline.type, "data": inline.data}}
    if not url.startswith(("http://", "https://", "gs://")):
        raise Inexpressible(path, f"`{path}`: expected a URL or base64 in a data URL.")
    kind, _ = mimetypes.guess_type(urlsplit(url).path)
    return {"fileData": {"mimeType": kind or default, "fileUri": url}}


def _file(file: File, path: str) -> Piece:
    if file.file_data is not None:
        inline = media.of_file_data(file.file_data)
        if inline is None:
            message = f"`{path}.file_data`: expected base64 in a data URL."
            raise Inexpressible(f"{path}.file_data", message)
        return {"inlineData": {"mimeType": inline.type, "data": inline.data}}
    if file.file_url is not None:
        return _at(file.file_url, "application/pdf", f"{path}.file_url")
    message = f"`{path}`: files stored with one provider are unknown to another; send the data."
    raise Inexpressible(f"{path}.file_id", message)


def _sound(audio: InputAudio) -> Piece:
    kind = _SOUND.get(audio.format, f"audio/{audio.format}")
    return {"inlineData": {"mimeType": kind, "data": audio.data}}
