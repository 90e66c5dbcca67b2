"""Simulations: where a request would go, and why."""

from __future__ import annotations

from typing import Any

from tests.golden.steps import (
    NOBODY,
    Scenario,
    Step,
    aimed,
    condition,
    get,
    key,
    mapping,
    post,
    profile,
    provider,
    rule,
    target,
)

PATH = "/routing-profiles/simulate"
HELLO = [{"role": "user", "content": "What is the capital of France?"}]
IMAGE = [
    {
        "role": "user",
        "content": [
            {"type": "text", "text": "What is this?"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA=="}},
        ],
    }
]


def _ask(model: Any = "light/small", **more: Any) -> Step:
    return post(PATH, {"model": model, **more})


def _whole(request: Any, **more: Any) -> Step:
    return post(PATH, {"request": request, **more})


_TABLE = [
    post("/providers", provider(is_local=True, default_model="base", is_default=True)),
    post(
        "/providers",
        provider("cloud", kind="anthropic", base_url="https://api.example.com", is_local=False),
    ),
    post("/providers", provider("off", enabled=False)),
    post("/providers", provider("deaf", is_local=True, capabilities=["text"])),
    post(
        "/routing-profiles",
        aimed(
            target(virtual_model="small", model="m-1", priority=1),
            target(virtual_model="large", model="m-2", provider="cloud"),
            target(provider="off", model="m-3"),
            target(provider="nobody", model="m-4"),
            target(provider="fast", model="m-5", enabled=False),
            target(provider="deaf", request_types=["embeddings"]),
            target(provider="deaf", model="m-6", capabilities=["vision"], priority=-1),
            target(
                provider="deaf",
                model="m-7",
                rate_limit={"request_percent_threshold": 50, "token_percent_threshold": 100},
            ),
        ),
    ),
    post("/routing-profiles", profile("closed", enabled=False)),
    post(
        "/routing-profiles",
        profile("star", targets=[target(virtual_model="*", model="m-8"), target(provider="cloud")]),
    ),
    post(
        "/routing-profiles",
        profile(
            "inside", local_only=True, local_fallback="never", targets=[target(provider="off")]
        ),
    ),
    post("/keys", key("bound", routing_profile="star")),
    post("/keys", key("strict", local_only=True, local_fallback="never")),
    post("/keys", key("lost", routing_profile="closed")),
    post("/routing-profiles", profile("private", virtual_key_id="<key 2>")),
    post("/model-mappings", mapping("gpt-4o", destination="light/large")),
    post("/model-mappings", mapping("claude-", match="prefix", destination="star")),
    post("/model-mappings", mapping("o[1-9].*", match="regex", destination="fast/raw")),
    post("/model-mappings", mapping("gone", destination="nowhere")),
    post("/model-mappings", mapping("shut", destination="closed/x")),
    post(
        "/heuristic-rules",
        rule("code", profile="star", conditions=[condition("last_user_text", "any", ["sql"])]),
    ),
    post("/heuristic-rules", rule("missing", profile="nowhere")),
    post(
        "/heuristic-rules",
        rule(
            "busy",
            profile="light",
            match="any",
            conditions=[condition("tools", ">", 0), condition("images", ">=", 1)],
        ),
    ),
]

_ASKS = [
    _ask(),
    _ask("LIGHT/SMALL"),
    _ask("light/large"),
    _ask("light/other"),
    _ask("light/"),
    _ask("light"),
    _ask("star/anything"),
    _ask("closed/x"),
    _ask("inside/x"),
    _ask("private/small"),
    _ask("fast/raw"),
    _ask("FAST/raw"),
    _ask("cloud/claude"),
    _ask("off/x"),
    _ask("nobody/x"),
    _ask("gpt-4o"),
    _ask("GPT-4O"),
    _ask("claude-sonnet"),
    _ask("o3-mini"),
    _ask("gone"),
    _ask("shut"),
    _ask("unknown"),
    _ask("auto"),
    _ask("AUTO"),
    _ask(""),
    _ask(None),
    post(PATH, {}),
    *(
        _ask(request_type=request_type)
        for request_type in ("chat", "messages", "responses", "completions", "embeddings")
    ),
    *(
        _ask(capabilities=[capability])
        for capability in (
            "text",
            "vision",
            "audio",
            "file",
            "tools",
            "structured_output",
            "reasoning",
        )
    ),
    _ask(capabilities=[]),
    _ask(capabilities=["vision", "vision", "text"]),
    _ask("inside/x", capabilities=["vision", "tools"]),
    _ask("x", routing_profile="star"),
    _ask("x", routing_profile="STAR"),
    _ask("x", routing_profile="Light"),
    _ask("small", routing_profile="light"),
    _ask("x", routing_profile="closed"),
    _ask("x", routing_profile="nowhere"),
    _ask("x", routing_profile="fast"),
    _ask("x", routing_profile="off"),
    _ask("x", metadata={"routing_profile": "star"}),
    _ask("x", metadata={"routing_profile": "star"}, routing_profile="light"),
    _ask("x", headers={"X-Routing-Profile": "star"}),
    _ask("x", headers={"X-Routing-Profile": "star"}, metadata={"routing_profile": "light"}),
    _ask("x", metadata=7),
    _ask(virtual_key_id="<key 1>"),
    _ask(virtual_key_id="<key 2>"),
    _ask("private/small", virtual_key_id="<key 2>"),
    _ask("light/large", virtual_key_id="<key 2>"),
    _ask("gone", virtual_key_id="<key 2>"),
    _ask(virtual_key_id="<key 3>"),
    *(
        _ask("light/other", what_if={name: state})
        for name in ("fast", "DEAF", "cloud")
        for state in ("down", "slow", "rate_limited")
    ),
    _ask("light/other", what_if={"fast": "down", "deaf": "down"}),
    _ask("light/other", what_if={}),
    post(PATH, {"model": "light/x", "messages": HELLO}),
    post(PATH, {"model": "light/x", "messages": IMAGE}),
    post(PATH, {"messages": IMAGE}),
    post(PATH, {"messages": [{"role": "user", "content": "Some SQL, please."}]}),
    post(PATH, {"messages": HELLO, "tools": [{"type": "function"}]}),
    post(PATH, {"messages": HELLO, "reasoning_effort": "high", "routing_profile": "light"}),
    post(PATH, {"messages": HELLO, "response_format": {"type": "json_object"}, "model": "star/x"}),
    _whole({"model": "light/small", "messages": HELLO}),
    _whole({"model": "light/small", "messages": IMAGE}, model="star/x"),
    _whole({"model": "x", "messages": HELLO, "metadata": {"routing_profile": "star"}}),
    _whole({"model": "x", "messages": HELLO, "routing_profile": "star"}, routing_profile="light"),
    _whole({"model": "light/x", "messages": HELLO}, capabilities=["audio"]),
    _whole(
        {"model": "light/x", "max_tokens": 5, "messages": HELLO, "system": "Be brief."},
        request_type="messages",
    ),
    _whole({"model": "light/x", "input": "Hello"}, request_type="responses"),
    _whole({"model": "light/x", "prompt": "Hello"}, request_type="completions"),
    _whole({"model": "light/x", "input": ["a", "b"]}, request_type="embeddings"),
    post(PATH, {"model": "light/x", "input": "a", "request_type": "embeddings"}),
    post(PATH, {"model": "light/x", "prompt": "a", "request_type": "completions"}),
]

_WRONG = [
    post(PATH, []),
    post(PATH, "null"),
    post(PATH, '"light/small"'),
    _ask(7),
    _ask("m" * 301),
    _ask("a\nb"),
    _ask(" light/small"),
    _ask(request_type="song"),
    _ask(request_type=7),
    _ask(capabilities="vision"),
    _ask(capabilities=["smell", 7]),
    _ask(routing_profile=7),
    _ask(routing_profile="r" * 201),
    _ask(headers=[]),
    _ask(headers={"a": 1, "b": None}),
    _ask(request=[]),
    _ask(request="x"),
    _ask(metadata={"routing_profile": 7}),
    _ask(virtual_key_id=7),
    _ask(virtual_key_id="key-none"),
    _ask(what_if=[]),
    _ask(what_if={"fast": "sad"}),
    _ask(what_if={"fast": None}),
    _ask(what_if={"nobody": "down"}),
    _ask(what_if={"nobody": 7, "fast": "sad"}),
    _ask(7, request_type="x", capabilities=[7], headers=7, request=7),
    post(PATH, {"messages": 7}),
    post(PATH, {"messages": []}),
    post(PATH, {"messages": [7]}),
    post(PATH, {"messages": [{"content": "x"}]}),
    post(PATH, {"messages": [{"role": "user", "content": 7}]}),
    post(PATH, {"messages": HELLO, "temperature": "hot"}),
    post(PATH, {"messages": HELLO, "stream": "yes"}),
    post(PATH, {"messages": HELLO, "request_type": "messages"}),
    _whole({}),
    _whole({"messages": HELLO, "tools": "x"}),
    _whole({"messages": HELLO}, request_type="responses"),
    _whole({"prompt": 7}, request_type="completions"),
    _whole({"input": []}, request_type="embeddings"),
    _whole({"messages": HELLO, "metadata": {"routing_profile": 7}}),
    post(PATH, {"model": "x"}, by=NOBODY),
]

_WEIGHTS = [
    post("/providers", provider(is_local=True)),
    post("/providers", provider("slow", is_local=True)),
    post(
        "/routing-profiles",
        aimed(
            target(weight=3, model="a"),
            target(weight=1, model="b", provider="slow"),
            target(weight=0, model="c"),
            target(weight=0.1, model="d", enabled=False),
            strategy="weighted",
        ),
    ),
    post(
        "/routing-profiles",
        profile(
            "thirds",
            strategy="weighted",
            targets=[target(model=name, priority=place) for place, name in enumerate("xyz")],
        ),
    ),
    post(PATH, {"model": "light/q"}, drawn=True),
    post(PATH, {"model": "thirds/q"}, drawn=True),
    post(PATH, {"model": "light/q", "what_if": {"fast": "down"}}, drawn=True),
    post(PATH, {"model": "light/q", "what_if": {"slow": "slow"}}, drawn=True),
    post(PATH, {"model": "light/q", "what_if": {"fast": "slow", "slow": "down"}}, drawn=True),
    post(PATH, {"model": "light/q", "what_if": {"fast": "rate_limited"}}, drawn=True),
    post(PATH, {"model": "light/q", "capabilities": ["vision"]}, drawn=True),
    get("/routing-profiles/light"),
]

SCENARIOS = {
    "simulate": Scenario([*_TABLE, *_ASKS]),
    "simulate_with_cloud": Scenario([*_TABLE, *_ASKS], settings={"ENABLE_CLOUD_ROUTING": True}),
    "simulate_refused": Scenario([*_TABLE[:5], *_WRONG]),
    "simulate_draws": Scenario(_WEIGHTS),
    "simulate_as_the_caller": Scenario(
        [
            *_TABLE,
            post(PATH, {"model": "light/small"}, by="reader"),
            post(PATH, {"model": "private/small"}, by="reader"),
        ],
        keys={"reader": "governance:read"},
    ),
    "simulate_what_is_out_of_reach": Scenario(
        [
            *_TABLE[:2],
            post("/keys", key("owner")),
            post(
                "/routing-profiles",
                aimed(target(virtual_model="a", model="m"), target(virtual_model="b", model="m")),
            ),
            post("/routing-profiles", profile("private", virtual_key_id="<key 1>")),
            post("/model-mappings", mapping("mine", destination="private")),
            post("/heuristic-rules", rule("mine", profile="private")),
            _ask("light/c"),
            _ask("light/A"),
            _ask("mine"),
            _ask("auto"),
            _ask("mine", virtual_key_id="<key 1>"),
            _ask("auto", virtual_key_id="<key 1>"),
            _ask("x", routing_profile="private"),
            _ask("x", routing_profile="private", virtual_key_id="<key 1>"),
        ]
    ),
    "simulate_without_anything": Scenario([_ask(), _ask("auto"), post(PATH, {}), _ask("x/y")]),
}
