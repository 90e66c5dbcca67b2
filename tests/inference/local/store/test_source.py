"""Where a model comes from, as an operator writes it."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inference.local.store.source import BadSource, as_name, check_name, read_source


@pytest.mark.parametrize(
    ("text", "kind", "place", "file", "name"),
    [
        ("/m/My Model.gguf", "disk", "/m/My Model.gguf", "", "My-Model"),
        ("models/qwen", "disk", "models/qwen", "", "qwen"),
        ("hub:a/B-7b", "hub", "a/B-7b", "", "B-7b"),
        ("hf:a/b/q/x.Q4.gguf", "hub", "a/b", "q/x.Q4.gguf", "x.Q4"),
        ("pypi:llm-x==1.0", "pypi", "llm-x==1.0", "", ""),
        ("pypi:llm-x==1.0#a.gguf", "pypi", "llm-x==1.0", "a.gguf", ""),
    ],
)
def test_it_works(text: str, kind: str, place: str, file: str, name: str) -> None:
    source = read_source(text)
    assert (source.kind, source.place, source.file) == (kind, place, file)
    assert source.suggested_name == name


@pytest.mark.parametrize(
    "text",
    [
        *("", "  ", "pypi:x", "pypi:x==1 --index-url=y", "pypi:-r==1", "hub:x", "hub:a/../b"),
        *("hub:a/b/x.bin", "hub:a/b/../../x.gguf", "a\nb", "x" * 1001),
    ],
)
def test_what_is_no_source_is_refused(text: str) -> None:
    with pytest.raises(BadSource):
        read_source(text)


@settings(max_examples=40)
@given(st.text(max_size=200))
def test_a_name_made_of_anything_is_a_name_or_nothing(text: str) -> None:
    made = as_name(text)
    assert not made or check_name(made) == made


@pytest.mark.parametrize("name", ["", ".x", "-x", "a/b", "a b", "../x", "x" * 129, "é"])
def test_names_stay_in_the_folder(name: str) -> None:
    with pytest.raises(BadSource, match="cannot be a model's name"):
        check_name(name)
