"""Forms: whatever stands in them, the model is replaced and every other field stays as it was."""

from __future__ import annotations

import itertools

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.translate.form_scanner import FormScanner, boundary_of, scanned
from inference.translate.raw import form_fields, with_model
from tests.support.media_provider import form

# What a careless reader takes for the end of a line, of a part or of the form.
PIECES = st.sampled_from([b"\r\n", b"--", b"bound", b"\r\n--bound", b"\r\n--boundary", b"\r\n\r\n",
                          b'name="model"', b"\x00", b"x", b"-", b"\n"])  # fmt: skip
contents = st.lists(PIECES, max_size=12).map(b"".join)
Part = tuple[str, str | None, bytes]
TYPE = "multipart/form-data; boundary=bound"


def encoded(parts: list[Part]) -> bytes:
    out = b""
    for name, file, value in parts:
        told = f'; filename="{file}"' if file else ""
        head = f'Content-Disposition: form-data; name="{name}"{told}\r\n\r\n'
        out += b"--bound\r\n" + head.encode() + value + b"\r\n"
    return out + b"--bound--\r\n"


@settings(max_examples=60)
@given(contents, st.booleans(), st.booleans(), st.booleans())
def test_a_file_is_never_taken_for_fields(
    content: bytes, model: bool, hint: bool, last: bool
) -> None:
    # A file whose line is the boundary itself ends there for everybody.
    content = content.replace(b"--bound\r\n", b"").replace(b"--bound--", b"")
    if content.endswith((b"--bound", b"--bound--")):
        content += b"x"
    fields: list[Part] = [("language", None, b"en")]
    fields += [("model", None, b"light/light")] if model else []
    fields += [("routing_profile", None, b"light")] if hint else []
    file: list[Part] = [("file", "a.wav", content)]
    body = encoded(fields + file if last else file + fields)
    boundary = boundary_of(TYPE)
    assert boundary is not None
    read = form_fields(body, boundary)
    assert read is not None
    assert ("model" in read, "routing_profile" in read) == (model, hint)
    sent = with_model(body, TYPE, "real")
    again = form_fields(sent, boundary)
    assert again == {"language": b"en", "file": None, "model": b"real"}
    assert sent.count(content) >= 1
    assert b"light" not in sent.replace(content, b"") if content else b"light" not in sent


def test_it_is_read_as_other_parsers_read_it() -> None:
    data = {"language": "en", "model": "light/light", "prompt": "a\r\nb"}
    asked = httpx.Request("POST", "http://x", data=data, files={"file": ("\u00e9.wav", b"RIFF")})
    body, kind = asked.read(), asked.headers["content-type"]
    assert form(kind, with_model(body, kind, "real")) == {**data, "model": "real", "file": b"RIFF"}


def test_further_models_are_replaced_as_well() -> None:
    """Else a key could name one model to the gateway and another to the provider."""
    body = encoded([("model", None, b"a"), ("file", "f", b"x"), ("model", None, b"b")])
    sent = with_model(body, TYPE, "real")
    assert sent == body.replace(b"\r\n\r\na\r\n", b"\r\n\r\nreal\r\n").replace(
        b"\r\n\r\nb\r\n", b"\r\n\r\nreal\r\n"
    )


@pytest.mark.parametrize(
    "body", [b"", b"--bound", b"--bound\r\n", b"--bound\r\nx", b"--bound--\r\n", b"no form at all"]
)
def test_a_broken_form_is_none(body: bytes) -> None:
    assert form_fields(body, b"--bound") is None


@settings(max_examples=60)
@given(contents, st.lists(st.integers(0, 300), max_size=6), st.booleans(), st.booleans())
def test_it_is_read_the_same_wherever_it_is_cut(
    content: bytes, cuts: list[int], last: bool, named: bool
) -> None:
    fields: list[Part] = [("routing_profile", None, b"light"), ("language", None, b"")]
    fields += [("model", None, b"light/light")] if named else []
    file: list[Part] = [("file", "a.wav", content)]
    body = (b"" if last else b"\r\n") + encoded(fields + file if last else file + fields)
    whole, cut = scanned(body, b"--bound"), FormScanner(b"--bound")
    places = sorted({0, len(body), *(place % (len(body) + 1) for place in cuts)})
    for start, end in itertools.pairwise(places):
        cut.feed(body[start:end])
        assert cut.decided <= end
    cut.feed(b"", last=True)
    assert (cut.fields, cut.parts, cut.broken) == (whole.fields, whole.parts, whole.broken)
    assert cut.edits("real") == whole.edits("real")
    assert cut.broken or cut.decided == len(body)
    again = scanned(with_model(body, TYPE, "real"), b"--bound")
    assert whole.broken or again.fields["model"] == b"real"
    assert "routing_profile" not in again.fields or whole.broken
