"""Tool calls are read out of the text of a model whose template knows none."""

from typing import Any

from inference.local.llama_tools import ToolReader

TOOLS = ({"type": "function", "function": {"name": "now"}},)
CALL = '{"name": "now", "arguments": {}}'


def read(reader: ToolReader, *texts: str) -> list[dict[str, Any]]:
    choices: list[dict[str, Any]] = [
        {"index": 0, "delta": {"content": text}, "finish_reason": None} for text in texts
    ]
    choices.append({"index": 0, "delta": {}, "finish_reason": "stop"})
    return [reader.read(choice) for choice in choices]


def test_it_works() -> None:
    said = read(ToolReader(TOOLS, demanded=False), "Look: <tool", "_call>" + CALL, "</tool_call>")
    assert said[0]["delta"]["content"] == "Look: "
    (call,) = said[2]["delta"]["tool_calls"]
    assert (call["index"], call["function"]) == (0, {"name": "now", "arguments": "{}"})
    assert said[3]["finish_reason"] == "tool_calls"


def test_text_is_left_alone() -> None:
    said = read(ToolReader(TOOLS, demanded=False), "a < b", " and more")
    assert "".join(one["delta"].get("content", "") for one in said) == "a < b and more"
    assert said[-1]["finish_reason"] == "stop"


def test_a_call_that_does_not_parse_is_shown() -> None:
    said = read(ToolReader(TOOLS, demanded=False), "<tool_call>nonsense</tool_call>")
    assert "nonsense" in said[0]["delta"]["content"]
    assert said[-1]["finish_reason"] == "stop"


def test_a_demanded_call_has_no_markers() -> None:
    said = read(ToolReader(TOOLS, demanded=True), CALL[:9], CALL[9:])
    assert said[0]["delta"] == {}
    assert said[-1]["delta"]["tool_calls"][0]["function"]["name"] == "now"
    assert said[-1]["finish_reason"] == "tool_calls"
