"""The list of models in the shape of the asking protocol, read by the official SDKs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import anthropic
import openai
import pytest

from governance.routing.model_facts import ModelFacts
from governance.routing.names import ListedModel
from inference.edge.listing import paged
from inference.protocols import ANTHROPIC, OPENAI
from tests.inference.tables import HEADERS, KEY
from tests.service.pairs.world import HTTP, World

VERSION = {"anthropic-version": "2023-06-01"}


@pytest.fixture
def url(everyone: World) -> str:
    return everyone.gateway.url


@pytest.fixture
def claude(url: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=url, api_key=KEY, max_retries=0) as sdk:
        yield sdk


@pytest.fixture
def gpt(url: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{url}/v1", api_key=KEY, max_retries=0) as sdk:
        yield sdk


def test_it_works(gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    """Both SDKs find the same names, virtual and real."""
    names = [model.id for model in gpt.models.list()]
    assert names == [model.id for model in claude.models.list(limit=1000)]
    assert "to-openai/light" in names
    assert "anthropic/anthropic-model" in names


def test_async(url: str) -> None:
    async def names() -> tuple[list[str], list[str]]:
        async with (
            openai.AsyncOpenAI(base_url=f"{url}/v1", api_key=KEY) as gpt,
            anthropic.AsyncAnthropic(base_url=url, api_key=KEY) as claude,
        ):
            return (
                [model.id async for model in gpt.models.list()],
                [model.id async for model in claude.models.list(limit=2)],
            )

    ours, theirs = asyncio.run(names())
    assert ours == theirs


@pytest.mark.parametrize("limit", [1, 2, 3, 1000])
def test_pages(claude: anthropic.Anthropic, limit: int) -> None:
    """The SDK turns pages by `after_id` until there are no more, and back by `before_id`."""
    everything = [model.id for model in claude.models.list()]
    assert [model.id for model in claude.models.list(limit=limit)] == everything
    last = everything[-1]
    backwards = claude.models.list(limit=limit, before_id=last)
    found = []
    while True:
        found[:0] = [model.id for model in backwards.data]
        if not backwards.has_next_page():
            break
        backwards = backwards.get_next_page()
    assert found == everything[:-1]


@pytest.mark.parametrize("limit", ["0", "-1", "1001", "x", ""])
def test_a_wrong_limit(url: str, limit: str) -> None:
    answer = HTTP.get(f"{url}/v1/models?limit={limit}&x", headers={**HEADERS, **VERSION})
    if limit == "":
        assert answer.status_code == 200
        return
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
    assert answer.json()["error"]["param"] == "limit"


def test_a_cursor_outlives_its_model() -> None:
    """A place in the order, so that a page turned while models change misses none."""
    names = [ListedModel(name, "x", False) for name in ("a", "c", "d")]
    assert paged(names, b"after_id=b&limit=1") == (names[1:2], True)
    assert paged(names, b"before_id=b&limit=1") == (names[:1], False)
    assert paged([], b"") == ([], False)


def test_one_model(gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    """By its name, slash and all, in any case."""
    assert gpt.models.retrieve("to-openai/light").id == "to-openai/light"
    found = claude.models.retrieve("To-OpenAI/light")
    assert (found.type, found.id) == ("model", "to-openai/light")


def test_no_such_model(gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        gpt.models.retrieve("to-nowhere/x")
    assert raised.value.code == "model_not_found"
    with pytest.raises(anthropic.NotFoundError) as refused:
        claude.models.retrieve("to-nowhere/x")
    assert refused.value.request_id
    assert refused.value.body["error"]["type"] == "not_found_error"


def test_paths_and_methods_in_the_callers_form(url: str) -> None:
    """Refusals too, and those of paths that do not exist."""
    for path, method in (("/v1/messages/nowhere", "POST"), ("/v1/models", "DELETE")):
        ours = HTTP.request(method, url + path, headers=HEADERS)
        theirs = HTTP.request(method, url + path, headers={**HEADERS, **VERSION})
        assert ours.status_code == theirs.status_code
        assert "type" not in ours.json()
        assert theirs.json()["type"] == "error"
        assert theirs.headers["request-id"]


def test_a_key_is_needed(url: str) -> None:
    for path in ("/v1/models", "/v1/models/to-openai/light"):
        answer = HTTP.get(url + path, headers=VERSION)
        assert answer.status_code == 401
        assert answer.json()["error"]["type"] == "authentication_error"


FACTS = ModelFacts(200_000, 8_000, frozenset({"text", "vision", "tools"}))


def test_what_is_known_of_a_model() -> None:
    """In each protocol's form, and in OpenRouter's extra fields; nothing is made up."""
    known, unknown = ListedModel("a/m", "a", False, FACTS), ListedModel("a/n", "a", False)
    assert OPENAI.model(known) == {
        "id": "a/m",
        "object": "model",
        "created": 0,
        "owned_by": "a",
        "name": "a/m",
        "context_length": 200_000,
        "top_provider": {
            "context_length": 200_000,
            "max_completion_tokens": 8_000,
            "is_moderated": False,
        },
        "architecture": {
            "modality": "text+image->text",
            "input_modalities": ["text", "image"],
            "output_modalities": ["text"],
        },
        "supported_parameters": ["tools", "tool_choice"],
    }
    assert set(OPENAI.model(unknown)) == {"id", "object", "created", "owned_by"}
    read = anthropic.types.ModelInfo.model_validate(ANTHROPIC.model(known))
    assert (read.max_input_tokens, read.max_tokens) == (200_000, 8_000)
    assert anthropic.types.ModelInfo.model_validate(ANTHROPIC.model(unknown)).max_tokens is None
