"""Requests for embeddings and ranking: what is checked, and the form of answers."""

import base64
import math
from array import array
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.local import pooling
from inference.local.generation import InvalidGeneration
from inference.local.pooling import EmbeddingRequest, read_embedding, read_rerank


def test_it_works() -> None:
    request = read_embedding({"input": ["a", [1, 2]], "dimensions": 2}, 4)
    assert request == EmbeddingRequest(("a", [1, 2]), "float", 2)
    assert read_embedding({"input": [1, 2], "encoding_format": "base64"}, 4).inputs == ([1, 2],)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "input"),
        ({"input": ""}, "input"),
        ({"input": []}, "input"),
        ({"input": ["a", ""]}, "input[1]"),
        ({"input": ["a", 1]}, "input[1]"),
        ({"input": [[1, -1]]}, "input[0]"),
        ({"input": {"text": "a"}}, "input"),
        ({"input": "a", "dimensions": 5}, "dimensions"),
        ({"input": "a", "dimensions": 0}, "dimensions"),
        ({"input": "a", "encoding_format": "int8"}, "encoding_format"),
        ({"input": ["a"] * 2049}, "input"),
    ],
)
def test_what_is_wrong_is_named(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidGeneration) as caught:
        read_embedding(body, 4)
    assert caught.value.param == param


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"query": "a"}, "documents"),
        ({"query": "a", "documents": []}, "documents"),
        ({"documents": ["a"]}, "query"),
        ({"query": "", "documents": ["a"]}, "query"),
        ({"query": "a", "documents": ["a", 5]}, "documents[1]"),
        ({"query": "a", "documents": [{"image": "x"}]}, "documents[0]"),
        ({"query": "a", "documents": ["a"], "top_n": 0}, "top_n"),
        ({"query": "a", "documents": ["a"], "return_documents": 1}, "return_documents"),
    ],
)
def test_what_is_wrong_with_a_ranking_is_named(body: dict[str, Any], param: str) -> None:
    with pytest.raises(InvalidGeneration) as caught:
        read_rerank(body)
    assert caught.value.param == param


@settings(max_examples=30)
@given(st.lists(st.floats(-1, 1, width=32), min_size=1, max_size=20), st.data())
def test_a_shorter_embedding_has_length_one_again(values: list[float], data: Any) -> None:
    packed = base64.b64encode(array("f", values)).decode()
    wanted = data.draw(st.integers(1, len(values)))
    short = pooling.embedding(packed, EmbeddingRequest(("a",), "float", wanted))
    assert len(short) == wanted
    length = math.sqrt(math.fsum(float(one) ** 2 for one in short))
    if wanted < len(values):
        assert length == pytest.approx(1, abs=1e-3) or length < 1e-3
    else:
        assert short == list(array("f", values))
    again = pooling.embedding(packed, EmbeddingRequest(("a",), "base64", wanted))
    assert array("f", base64.b64decode(str(again))).tolist() == short


@settings(max_examples=20)
@given(st.lists(st.floats(-10, 10), min_size=1, max_size=10), st.integers(1, 12))
def test_the_most_relevant_come_first(scores: list[float], top_n: int) -> None:
    documents = [str(place) for place in range(len(scores))]
    body = {"query": "q", "documents": documents, "top_n": top_n, "return_documents": True}
    results = pooling.ranking("m", read_rerank(body), scores, 7)["results"]
    assert len(results) == min(top_n, len(scores))
    assert [one["relevance_score"] for one in results] == sorted(scores, reverse=True)[:top_n]
    assert all(one["document"]["text"] == str(one["index"]) for one in results)
