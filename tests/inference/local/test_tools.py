"""Tool calls in the chat template's own format, as OpenAI's protocol has them."""

import json
from pathlib import Path
from typing import Any

import httpx2
import openai

from tests.inference.local import tiny_model as tiny
from tests.inference.local.worker_process import WorkerProcess, content


def calls_of(message: dict[str, Any]) -> tuple[tuple[str, dict[str, Any]], ...]:
    """(name, arguments) of each call."""
    return tuple(
        (call["function"]["name"], json.loads(call["function"]["arguments"]))
        for call in message["tool_calls"]
    )


def test_a_call_in_one_piece(worker: WorkerProcess) -> None:
    choice = worker.chat(tiny.WEATHER_PROMPT, tools=[tiny.WEATHER_TOOL]).json()["choices"][0]
    assert calls_of(choice["message"]) == tiny.WEATHER_CALLS
    assert choice["message"]["content"] is None
    assert choice["finish_reason"] == "tool_calls"


def test_parallel_calls_after_text_in_a_stream(worker: WorkerProcess) -> None:
    chunks = list(worker.stream(tiny.TWO_CITIES_PROMPT, tools=[tiny.WEATHER_TOOL]))
    deltas = [chunk["choices"][0]["delta"] for chunk in chunks]
    assert "".join(delta.get("content", "") for delta in deltas) == tiny.TWO_CITIES_TEXT
    calls = [call for delta in deltas for call in delta.get("tool_calls", [])]
    assert [call["index"] for call in calls] == [0, 1]
    assert len({call["id"] for call in calls}) == 2
    assert calls_of({"tool_calls": calls}) == tiny.TWO_CITIES_CALLS
    assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_tool_choice_none_hides_the_tools(worker: WorkerProcess) -> None:
    response = worker.chat(tiny.WEATHER_PROMPT, tools=[tiny.WEATHER_TOOL], tool_choice="none")
    assert content(response) == tiny.WEATHER_WITHOUT_TOOLS


def test_the_result_of_a_call_is_read(worker: WorkerProcess) -> None:
    """Arguments come back as JSON text; the template wants them as an object."""
    call = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "get_weather", "arguments": '{"city": "Paris"}'},
    }
    messages = [
        {"role": "user", "content": tiny.WEATHER_PROMPT},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_1", "content": tiny.WEATHER_RESULT},
    ]
    body = {"messages": messages, "tools": [tiny.WEATHER_TOOL], "temperature": 0}
    response = worker.client.post("/v1/chat/completions", json=body)
    assert content(response) == tiny.WEATHER_AFTER_RESULT


def test_a_stop_string_inside_a_call_shows_what_was_written(worker: WorkerProcess) -> None:
    """Half a call is no call."""
    choice = worker.chat(tiny.WEATHER_PROMPT, tools=[tiny.WEATHER_TOOL], stop="arguments").json()[
        "choices"
    ][0]
    assert "tool_calls" not in choice["message"]
    assert choice["message"]["content"].startswith("<tool_call>")
    assert choice["finish_reason"] == "stop"


def test_a_model_without_tools_gets_them_as_text(tmp_path: Path) -> None:
    """Its chat template has no place for them: they go into the system prompt."""
    template = (tiny.PATH / "chat_template.jinja").read_text()
    start = template.index("{%- for tool_call in")
    end = template.index("{{- '<|im_end|>", start)
    for file in tiny.PATH.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    bare = template[template.index("{%- endif %}") + 12 : start] + template[end:]
    assert "tool" not in bare
    (tmp_path / "chat_template.jinja").write_text(bare)
    with WorkerProcess(model_dir=tmp_path) as worker:
        plain = worker.chat(tiny.PING.prompt).json()
        with_tools = worker.chat(tiny.PING.prompt, tools=[tiny.WEATHER_TOOL], max_tokens=5).json()
    assert content_of(plain) == tiny.PING.answer
    grown = with_tools["usage"]["prompt_tokens"] - plain["usage"]["prompt_tokens"]
    assert grown > 50


def content_of(answer: dict[str, Any]) -> Any:
    """The text of a whole answer."""
    return answer["choices"][0]["message"]["content"]


def test_the_official_client_understands_all_of_it(worker: WorkerProcess) -> None:
    transport = httpx2.HTTPTransport(uds=str(worker.socket))
    client = openai.OpenAI(
        api_key="none",
        base_url="http://worker/v1",
        http_client=httpx2.Client(transport=transport),
        max_retries=0,
    )
    with client.chat.completions.stream(
        model=tiny.NAME,
        messages=[{"role": "user", "content": tiny.TWO_CITIES_PROMPT}],
        tools=[tiny.WEATHER_TOOL],  # type: ignore[list-item]
        temperature=0,
    ) as stream:
        final = stream.get_final_completion().choices[0]
    assert final.finish_reason == "tool_calls"
    assert final.message.content == tiny.TWO_CITIES_TEXT
    calls = final.message.tool_calls or []
    assert [call.function.name for call in calls] == ["get_weather"] * 2
