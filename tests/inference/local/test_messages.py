"""Contents of messages: a text, or parts where there are pictures and the model sees."""

from typing import Any

import pytest

from inference.local.generation import InvalidGeneration
from inference.local.messages import read_messages

DATA = "data:image/png;base64,iVBORw0KGgo="


def picture(url: Any = DATA) -> dict[str, Any]:
    return {"type": "image_url", "image_url": {"url": url, "detail": "low"}}


def message(*parts: Any, role: str = "user") -> list[Any]:
    return [{"role": role, "content": list(parts)}]


def test_pictures_keep_their_place_among_the_text() -> None:
    words = {"type": "text", "text": "What is it?"}
    (read,) = read_messages(message(picture(), words), images=True)
    assert read["content"] == [{"type": "image_url", "image_url": {"url": DATA}}, words]


def test_texts_alone_are_one_text() -> None:
    parts = ({"type": "text", "text": "a"}, {"type": "text", "text": "b"})
    (read,) = read_messages(message(*parts), images=True)
    assert read["content"] == "a\nb"


@pytest.mark.parametrize("url", ["https://example.com/a.png", "file:///etc/passwd", "data:,x", ""])
def test_nothing_is_fetched(url: str) -> None:
    with pytest.raises(InvalidGeneration, match="must be a data URL of an image") as caught:
        read_messages(message(picture(url)), images=True)
    assert caught.value.param == "messages[0].content[0].image_url.url"


@pytest.mark.parametrize(("role", "images"), [("user", False), ("system", True)])
def test_a_model_that_sees_nothing_says_so(role: str, images: bool) -> None:
    with pytest.raises(InvalidGeneration, match="'image_url': this model reads text only"):
        read_messages(message(picture(), role=role), images=images)
