"""Data URLs, the form in which OpenAI's protocol carries images and files."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Final

_DATA_URL: Final = re.compile(r"data:(?P<type>[^;,]*)(?:;[^;,]+)*?;base64,", re.IGNORECASE)
_SAME: Final = {"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg", "image/x-png": "image/png"}
"""Names in use for types that are registered under another. Source: IANA's media types."""
_PDF_MAGIC: Final = "JVBERi0"
"""`%PDF-` in base64."""


@dataclass(frozen=True, slots=True)
class Media:
    """Bytes of some type, still in base64."""

    type: str
    data: str

    @property
    def url(self) -> str:
        return f"data:{self.type};base64,{self.data}"

    def text(self) -> str | None:
        """The text these bytes spell; None when they are no UTF-8."""
        try:
            return base64.b64decode(self.data, validate=False).decode()
        except (binascii.Error, ValueError):
            return None


def registered(media_type: str) -> str:
    """The type under its registered name, without parameters."""
    bare = media_type.partition(";")[0].strip().lower()
    return _SAME.get(bare, bare)


def of_data_url(url: str) -> Media | None:
    """The media of a base64 data URL; None for any other URL."""
    match = _DATA_URL.match(url)
    if match is None:
        return None
    return Media(registered(match["type"]), url[match.end() :])


def of_file_data(file_data: str) -> Media | None:
    """The media of a file part: a data URL, or bare base64 of a PDF."""
    media = of_data_url(file_data)
    if media is None and file_data.startswith(_PDF_MAGIC):
        return Media("application/pdf", file_data)
    return media
