"""What is kept stays within its bounds, and belongs to one key."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.collector.kept_answers import KeptAnswers
from inference.values.kept_answer import KeptAnswer


def answer(key: str, name: str, *, previous: str = "", size: int = 10) -> KeptAnswer:
    item = msgspec.Raw(msgspec.json.encode({"id": f"msg_{name}", "text": "x" * size}))
    said = msgspec.Raw(msgspec.json.encode({"role": "user", "content": name}))
    response = msgspec.Raw(b"{}")
    return KeptAnswer(key, name, previous, response, [said], [item], [f"msg_{name}"])


def texts(found: list[msgspec.Raw] | None) -> list[str]:
    items = [msgspec.json.decode(one) for one in found or ()]
    return [one.get("content") or one["id"] for one in items]


def test_a_conversation_is_put_together_and_is_gone_with_its_parts() -> None:
    now = [0.0]
    kept = KeptAnswers(100_000, 60.0, lambda: now[0])
    kept.put(answer("a", "1"))
    now[0] = 50.0
    kept.put(answer("a", "2", previous="1"))
    assert texts(kept.conversation("a", "2")) == ["1", "msg_1", "2", "msg_2"]
    assert kept.item("a", "msg_1") is not None
    assert kept.conversation("b", "2") is None
    assert kept.item("b", "msg_1") is None
    assert not kept.delete("b", "2")
    now[0] = 109.0
    assert kept.get("a", "1") is not None, "it was used 59 seconds ago"
    assert kept.delete("a", "1")
    assert kept.conversation("a", "2") is None
    assert kept.item("a", "msg_1") is None
    now[0] = 200.0
    assert kept.get("a", "2") is None
    assert kept.bytes == 0


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 9), st.integers(0, 3000)), max_size=60
    )
)
def test_the_bounds_hold_whatever_comes(puts: list[tuple[str, int, int]]) -> None:
    """In bytes, over all and for each key; what counts is what is there."""
    kept = KeptAnswers(10_000, 60.0, lambda: 0.0)
    for key, number, size in puts:
        kept.put(answer(key, str(number), size=size))
        places = [(key, str(number)) for key in "abc" for number in range(10)]
        found = [each for each in (kept.get(*place) for place in places) if each is not None]
        assert kept.bytes == sum(one.size for one in found) <= 10_000
        assert len(kept) == len(found)
        for name in "abc":
            assert sum(each.size for each in found if each.key == name) <= 5_000


def test_one_key_does_not_push_out_another() -> None:
    kept = KeptAnswers(20_000, 60.0)
    kept.put(answer("a", "1"))
    for number in range(100):
        kept.put(answer("b", str(number), size=500))
    assert kept.get("a", "1") is not None
