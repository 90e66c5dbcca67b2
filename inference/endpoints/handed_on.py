"""What reading a request has in common whose body is handed on as it came: JSON, and forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from governance.routing.request import RoutingRequest
from inference.translate.form_scanner import MODEL, PROFILE, boundary_of
from inference.translate.raw import form_fields
from inference.values.arriving_form import ArrivingForm
from inference.values.bounds import CHARACTERS, check_characters
from inference.values.parsed_request import BadRequest, ParsedRequest
from inference.values.parsing import Survey, profile_hint_of, without_hint
from inference.values.session import session_of

_FORM: Final = "multipart/form-data"


class HandedOn(msgspec.Struct, kw_only=True):
    """The fields that every JSON body of the kind may have."""

    model: str | None = None
    stream: bool | None = None
    metadata: dict[str, msgspec.Raw] | None = None
    routing_profile: str | None = None


def json_request(
    request_type: str,
    body: bytes,
    headers: Mapping[bytes, bytes],
    fields: dict[str, msgspec.Raw],
    asked: HandedOn,
    survey: Survey,
    *,
    needs: tuple[str, ...] = (),
    messages: int = 1,
    stream: bool | None = None,
) -> ParsedRequest:
    """A request of one JSON object. `stream` says whether the answer comes in pieces, where that
    is not the caller's to say."""
    survey.required_capabilities.update(needs)
    return ParsedRequest(
        routing_request=RoutingRequest(
            model=asked.model or "",
            request_type=request_type,
            required_capabilities=frozenset(survey.required_capabilities),
            profile_hint=profile_hint_of(asked.routing_profile, asked.metadata, headers),
            stream=bool(asked.stream) if stream is None else stream,
            features=survey.features(messages=messages),
        ),
        body=body,
        fields=without_hint(fields, asked.metadata),
        headers=headers,
        session=session_of(fields, headers),
        priority="low",
    )


def is_form(headers: Mapping[bytes, bytes]) -> bool:
    return content_type_of(headers).lower().startswith("multipart/")


def content_type_of(headers: Mapping[bytes, bytes]) -> str:
    return headers.get(b"content-type", b"").decode("latin-1")


@dataclass(frozen=True, slots=True)
class FormReading:
    """How multipart forms of an endpoint are read, which have a file in one of the fields `file`.

    Of the fields only the short ones are read; the file is never looked into.
    """

    request_type: str
    file: tuple[str, ...]
    needs: tuple[str, ...] = ()
    """Capabilities that all of them require."""
    first: tuple[str, ...] = (MODEL,)
    """Fields that tell where a request goes: once they and a file have come, it can go there."""
    units: Mapping[str, float] | None = None
    """What a request takes at least, for limits that count it before it is answered."""

    def parse(self, body: bytes, headers: Mapping[bytes, bytes]) -> ParsedRequest:
        """A form that is here as a whole. Raises `BadRequest`."""
        content_type = content_type_of(headers)
        boundary = boundary_of(content_type) if is_form(headers) else None
        if boundary is None:
            raise BadRequest(f"The body must be {_FORM} with a boundary.", "content-type")
        fields = form_fields(body, boundary)
        if fields is None:
            raise BadRequest("The form has no end: its last boundary is missing.")
        return self._read(fields, headers, body=body)

    def read(self, form: ArrivingForm, headers: Mapping[bytes, bytes]) -> ParsedRequest:
        """As far as it has come. Raises `BadRequest`."""
        return self._read(form.fields, headers, form=form)

    def is_enough(self, form: ArrivingForm) -> bool:
        begun = any(name in form.fields for name in self.file)
        return begun and all(name in form.fields for name in self.first)

    def _read(
        self,
        given: Mapping[str, bytes | None],
        headers: Mapping[bytes, bytes],
        *,
        body: bytes = b"",
        form: ArrivingForm | None = None,
    ) -> ParsedRequest:
        if not any(name in given for name in self.file):
            raise BadRequest(f"`{self.file[0]}` is required.", self.file[0])
        model = _text(given, MODEL)
        check_characters("model", model, CHARACTERS["model"])
        survey = Survey()
        survey.required_capabilities.update(self.needs)
        survey.text(prompt := _text(given, "prompt"))
        survey.last_user = prompt
        hint = _text(given, PROFILE) if PROFILE in given else None
        return ParsedRequest(
            routing_request=RoutingRequest(
                model=model,
                request_type=self.request_type,
                required_capabilities=frozenset(survey.required_capabilities),
                profile_hint=profile_hint_of(hint, None, headers),
                stream=_text(given, "stream").lower() in ("true", "1"),
                features=survey.features(messages=1),
            ),
            body=body,
            fields={},
            headers=headers,
            session=session_of({}, headers),
            priority="low",
            content_type=content_type_of(headers),
            form=form,
            units=self.units,
        )


def _text(form: Mapping[str, bytes | None], name: str) -> str:
    value = form.get(name) or b""
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise BadRequest(f"`{name}`: expected text in UTF-8.", name) from None


def as_form(document: Mapping[str, Any]) -> tuple[bytes, bytes]:
    """A simulation's document as the form that callers would send, and its content type."""
    boundary = b"simulated-form"
    parts = []
    for name, value in document.items():
        text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        head = f'content-disposition: form-data; name="{name}"\r\n\r\n{text}\r\n'
        parts.append(b"--" + boundary + b"\r\n" + head.encode(errors="replace"))
    return b"".join(parts) + b"--" + boundary + b"--\r\n", f"{_FORM}; boundary=".encode() + boundary
