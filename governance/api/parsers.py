"""Reading a body: strictly, and never more of it than allowed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework import status
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer

from governance.api import yaml_documents


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "request_too_large"


class StrictJSONParser(BaseParser):
    """RFC 8259 and nothing beyond: no NaN, no half surrogate pairs, no bytes that are not UTF-8."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        limit: int = settings.MAX_BODY_BYTES
        body = _bounded(stream, limit, "The body")
        try:
            return msgspec.json.decode(body)
        except RecursionError:
            raise ParseError("The body is nested too deeply.", "invalid_json") from None
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            if not _is_utf8(body):
                raise ParseError("The body is not UTF-8.", "invalid_utf8") from None
            raise ParseError(f"The body is not JSON: {error}.", "invalid_json") from None


class StrictYAMLParser(BaseParser):
    """JSON in the spelling of YAML (RFC 9512)."""

    media_type = "application/yaml"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = _bounded(stream, yaml_documents.LARGEST, "A body of YAML")
        try:
            return yaml_documents.read(body)
        except yaml_documents.NotYaml as error:
            raise ParseError(f"The body is not YAML: {error}", "invalid_yaml") from None


class YAMLRenderer(BaseRenderer):
    """For whoever asks for `application/yaml`."""

    media_type = "application/yaml"
    format = "yaml"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> str:
        return yaml_documents.write(data)


def _bounded(stream: IO[bytes], limit: int, what: str) -> bytes:
    """All of it, of which never more than `limit` bytes and one are read. Raises `TooLarge`."""
    body = stream.read(limit + 1)
    if len(body) > limit:
        raise TooLarge(f"{what} must have at most {limit // 1024**2} MiB.")
    return body


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
