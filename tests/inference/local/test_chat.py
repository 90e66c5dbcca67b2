"""/v1/chat/completions of a real worker, direct and batched."""

import json
from typing import Any

import pytest

from tests.inference.local import tiny_model as tiny
from tests.inference.local.worker_process import WorkerProcess, chat_body, content


def test_it_works(worker: WorkerProcess) -> None:
    response = worker.chat(tiny.PING.prompt)
    answer = response.json()
    assert response.status_code == 200
    assert answer["object"] == "chat.completion"
    assert answer["id"].startswith("chatcmpl-")
    assert answer["model"] == tiny.NAME
    (choice,) = answer["choices"]
    assert choice["message"] == {"role": "assistant", "content": "pong"}
    assert choice["finish_reason"] == "stop"
    usage = answer["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


@pytest.mark.parametrize("case", tiny.CASES, ids=lambda case: str(case.prompt))
def test_whole_and_streamed_answers_are_the_known_text(
    worker: WorkerProcess, case: tiny.Case
) -> None:
    assert content(worker.chat(case.prompt)) == case.answer
    chunks = list(worker.stream(case.prompt))
    assert "".join(c["choices"][0]["delta"].get("content", "") for c in chunks) == case.answer


def test_the_order_of_a_stream(worker: WorkerProcess) -> None:
    """The role, then content, then the finish reason, then usage with no choices."""
    chunks = list(worker.stream(tiny.PING.prompt, stream_options={"include_usage": True}))
    first, *middle, last, usage = chunks
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert all(chunk["choices"][0]["delta"]["content"] for chunk in middle)
    assert [chunk["choices"][0]["finish_reason"] for chunk in [first, *middle]].count(None) == len(
        middle
    ) + 1
    assert last["choices"][0] == {
        "index": 0,
        "delta": {},
        "logprobs": None,
        "finish_reason": "stop",
    }
    assert usage["choices"] == []
    assert usage["usage"] == worker.chat(tiny.PING.prompt).json()["usage"]
    assert len({chunk["id"] for chunk in chunks}) == 1
    assert {chunk["object"] for chunk in chunks} == {"chat.completion.chunk"}


def test_usage_is_not_streamed_unasked(worker: WorkerProcess) -> None:
    assert all(chunk["choices"] for chunk in worker.stream(tiny.PING.prompt))


def test_max_tokens_end_the_answer(worker: WorkerProcess) -> None:
    for field in ("max_tokens", "max_completion_tokens"):
        answer = worker.chat(tiny.ENDLESS_PROMPT, **{field: 7}).json()
        assert answer["choices"][0]["finish_reason"] == "length"
        assert answer["usage"]["completion_tokens"] == 7


@pytest.mark.parametrize(
    ("stop", "matched"),
    [
        ("storm", "storm"),
        (["zzz", "rm broke the la"], "rm broke the la"),
        (["town", "the edge", "n"], "n"),
        ("never in it", None),
    ],
)
def test_stop_strings_are_matched_on_text(
    worker: WorkerProcess, stop: Any, matched: str | None
) -> None:
    """Wherever tokens begin and end; and no part of them is sent."""
    story = tiny.STORY.answer
    expected = story if matched is None else story[: story.index(matched)]
    choice = worker.chat(tiny.STORY.prompt, stop=stop).json()["choices"][0]
    assert choice["message"]["content"] == expected
    assert choice["finish_reason"] == "stop"
    assert choice.get("stop_reason") == matched
    deltas = [c["choices"][0]["delta"] for c in worker.stream(tiny.STORY.prompt, stop=stop)]
    assert "".join(delta.get("content", "") for delta in deltas) == expected


def test_a_stop_string_of_several_bytes_per_letter(worker: WorkerProcess) -> None:
    assert content(worker.chat(tiny.UNICODE.prompt, stop="🌍")) == "naïve café, 東京 🚂"


def test_no_chunk_holds_half_a_character(worker: WorkerProcess) -> None:
    """Emoji take four tokens in this model."""
    for chunk in worker.stream(tiny.UNICODE.prompt):
        assert "\ufffd" not in chunk["choices"][0]["delta"].get("content", "")


def test_seeded_draws_repeat(worker: WorkerProcess) -> None:
    def draw(seed: int) -> str:
        return content(worker.chat(tiny.STORY.prompt, temperature=2, seed=seed, max_tokens=40))

    assert draw(11) == draw(11)
    assert len({draw(seed) for seed in range(4)}) > 1


def test_without_a_temperature_the_model_s_own_default_holds(worker: WorkerProcess) -> None:
    """The tiny model's generation_config.json says greedy; null counts as absent."""
    for temperature in ({}, {"temperature": None}):
        body = {**chat_body(tiny.STORY.prompt), **temperature}
        if not temperature:
            del body["temperature"]
        assert content(worker.client.post("/v1/chat/completions", json=body)) == tiny.STORY.answer


def test_logprobs(worker: WorkerProcess) -> None:
    """One entry per token that was sent, with exact bytes, most likely first."""
    answer = worker.chat(tiny.UNICODE.prompt, logprobs=True, top_logprobs=2).json()
    entries = answer["choices"][0]["logprobs"]["content"]
    assert bytes(b for entry in entries for b in entry["bytes"]).decode() == tiny.UNICODE.answer
    assert len(entries) == answer["usage"]["completion_tokens"] - 1
    for entry in entries:
        assert len(entry["top_logprobs"]) == 2
        assert entry["top_logprobs"][0]["logprob"] == entry["logprob"] <= 0
    streamed = [
        entry
        for chunk in worker.stream(tiny.UNICODE.prompt, logprobs=True, top_logprobs=2)
        for entry in (chunk["choices"][0]["logprobs"] or {}).get("content", [])
    ]
    assert [entry["token"] for entry in streamed] == [entry["token"] for entry in entries]


def test_logit_bias_forbids_a_token(worker: WorkerProcess) -> None:
    """-100 on the end token: "pong" does not end."""
    answer = worker.chat(tiny.PING.prompt, logit_bias={"2": -100}, max_tokens=9).json()
    assert answer["choices"][0]["finish_reason"] == "length"


def test_a_conversation_with_system_parts_and_history(worker: WorkerProcess) -> None:
    messages = [
        {"role": "developer", "content": "You are terse."},
        {"role": "user", "content": tiny.COUNT.prompt, "name": "ann"},
        {"role": "assistant", "content": tiny.COUNT.answer},
        {"role": "user", "content": [{"type": "text", "text": tiny.CAPITAL.prompt}]},
    ]
    response = worker.client.post(
        "/v1/chat/completions", json={"messages": messages, "temperature": 0}
    )
    assert content(response) == tiny.CAPITAL.answer


def test_unknown_fields_are_ignored(worker: WorkerProcess) -> None:
    response = worker.chat(tiny.PING.prompt, user="u", metadata={"a": "b"}, brand_new=[1])
    assert content(response) == tiny.PING.answer


def test_null_fields_count_as_absent(worker: WorkerProcess) -> None:
    names = "stream stream_options n stop seed top_p max_tokens max_completion_tokens tools "
    names += "tool_choice logprobs top_logprobs response_format logit_bias presence_penalty"
    response = worker.chat(tiny.PING.prompt, **dict.fromkeys(names.split()))
    assert content(response) == tiny.PING.answer


def test_completions(worker: WorkerProcess) -> None:
    """The legacy endpoint: no chat template, the leading space kept."""
    body = {"prompt": tiny.COMPLETION.prompt, "temperature": 0, "logprobs": 1}
    answer = worker.client.post("/v1/completions", json=body).json()
    assert answer["object"] == "text_completion"
    (choice,) = answer["choices"]
    assert choice["text"] == tiny.COMPLETION.answer
    assert choice["finish_reason"] == "stop"
    assert "".join(choice["logprobs"]["tokens"]) == tiny.COMPLETION.answer
    assert choice["logprobs"]["text_offset"][:2] == [0, len(choice["logprobs"]["tokens"][0])]


def test_completions_stream(worker: WorkerProcess) -> None:
    body = {"prompt": [tiny.COMPLETION.prompt], "temperature": 0, "stream": True}
    with worker.client.stream("POST", "/v1/completions", json=body) as response:
        lines = [line for line in response.iter_lines() if line]
    assert lines.pop() == "data: [DONE]"
    chunks = [json.loads(line.removeprefix("data: ")) for line in lines]
    assert "".join(chunk["choices"][0]["text"] for chunk in chunks) == tiny.COMPLETION.answer


def test_models_and_health(worker: WorkerProcess) -> None:
    (model,) = worker.client.get("/v1/models").json()["data"]
    assert (model["id"], model["object"]) == (tiny.NAME, "model")
    worker.wait_until_idle()
    health = worker.health()
    assert health["status"] == "ok"
    assert health["memory_bytes"] > 20 * 2**20


def test_unknown_paths_get_openai_s_error_form(worker: WorkerProcess) -> None:
    for method, path in (("GET", "/v1/chat/completions"), ("POST", "/v1/images")):
        response = worker.client.request(method, path)
        assert response.status_code == 404
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}


def test_what_mlx_does_not_do_is_told_so_that_others_are_asked(worker: WorkerProcess) -> None:
    for path in ("/v1/embeddings", "/v1/rerank"):
        response = worker.client.post(path, json={"input": "a"})
        assert response.status_code == 400
        assert response.json()["error"]["code"] == "model_serves_other"


def test_the_next_turn_of_a_chat_reads_only_what_is_new(worker: WorkerProcess) -> None:
    messages = [{"role": "user", "content": tiny.STORY.prompt}]
    body = {"messages": messages, "temperature": 0, "max_tokens": 60}
    first = worker.client.post("/v1/chat/completions", json=body).json()
    messages += [first["choices"][0]["message"], {"role": "user", "content": tiny.PING.prompt}]
    second = worker.client.post("/v1/chat/completions", json=body).json()
    known = second["usage"]["prompt_tokens_details"]["cached_tokens"]
    assert known >= first["usage"]["total_tokens"] - 3
    assert known < second["usage"]["prompt_tokens"]
    assert second["choices"][0]["message"]["content"] == tiny.PING.answer


def test_several_answers_to_one_request(worker: WorkerProcess) -> None:
    """Whole and streamed the same; a seed repeats them all, though each has its own numbers."""
    fields: dict[str, Any] = {"n": 3, "seed": 11, "temperature": 1.8, "max_tokens": 12}
    answer = worker.chat("hello", **fields).json()
    assert [one["index"] for one in answer["choices"]] == [0, 1, 2]
    said = [one["message"]["content"] for one in answer["choices"]]
    assert len(set(said)) == 3
    alone = worker.chat("hello", **{**fields, "n": 1}).json()
    assert said[0] == alone["choices"][0]["message"]["content"]
    assert answer["usage"]["prompt_tokens"] == alone["usage"]["prompt_tokens"]
    assert answer["usage"]["completion_tokens"] > alone["usage"]["completion_tokens"]
    streamed, finishes, usage = ["", "", ""], 0, None
    chunks = list(worker.stream("hello", stream_options={"include_usage": True}, **fields))
    assert [one["index"] for one in chunks[0]["choices"]] == [0, 1, 2]
    for chunk in chunks[1:]:
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            streamed[choice["index"]] += choice["delta"].get("content", "")
            finishes += choice["finish_reason"] is not None
    assert (streamed, finishes) == (said, 3)
    assert usage["completion_tokens"] == answer["usage"]["completion_tokens"]
    body = {"prompt": "hello", **fields}
    texts = worker.client.post("/v1/completions", json=body).json()["choices"]
    assert [one["index"] for one in texts] == [0, 1, 2]


def test_samplers_that_openai_lacks_hold(worker: WorkerProcess) -> None:
    sure = worker.chat(tiny.PING.prompt, temperature=2, top_k=1)
    assert content(sure) == tiny.PING.answer
    assert content(worker.chat(tiny.PING.prompt, temperature=2, min_p=1)) == tiny.PING.answer
    unlike = worker.chat(tiny.ENDLESS_PROMPT, repetition_penalty=8, max_tokens=20)
    assert content(unlike) != content(worker.chat(tiny.ENDLESS_PROMPT, max_tokens=20))
