"""Tools, calls and results as text, for chat templates that know none."""

from inference.local.toolprompt import MARKERS, parse_call, with_tools_as_text

TOOL = {"type": "function", "function": {"name": "get_weather"}}
CALL = {"function": {"name": "get_weather", "arguments": {"city": "Zürich"}}}


def test_tools_join_the_system_prompt_or_make_one() -> None:
    with_system = with_tools_as_text(
        [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "x"}], [TOOL]
    )
    without = with_tools_as_text([{"role": "user", "content": "x"}], [TOOL])
    assert [turn["role"] for turn in with_system] == ["system", "user"]
    assert with_system[0]["content"].startswith("Be brief.\n\n")
    assert with_system[0]["content"].endswith(without[0]["content"])
    assert '"get_weather"' in without[0]["content"]


def test_calls_and_results_become_plain_turns() -> None:
    """No field and no role that a simple template would drop or refuse."""
    turns = with_tools_as_text(
        [
            {"role": "user", "content": "Weather?"},
            {"role": "assistant", "content": "Let me see.", "tool_calls": [CALL, CALL]},
            {"role": "tool", "tool_call_id": "1", "content": "sunny"},
        ],
        [TOOL],
    )
    _, user, called, result = turns
    assert all(set(turn) == {"role", "content"} for turn in turns)
    assert user["content"] == "Weather?"
    assert called["content"].startswith(f"Let me see.\n{MARKERS.open}\n")
    assert called["content"].count("Zürich") == 2
    assert result == {"role": "user", "content": "<tool_response>\nsunny\n</tool_response>"}


def test_what_is_shown_is_what_is_read_back() -> None:
    turns = with_tools_as_text([{"role": "assistant", "content": "", "tool_calls": [CALL]}], [TOOL])
    text = turns[1]["content"].removeprefix(MARKERS.open).removesuffix(MARKERS.close)
    assert parse_call(text, []) == CALL["function"]
