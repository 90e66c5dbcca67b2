"""Targets of routing profiles: nested errors, aliases, numbers as they were written."""

from __future__ import annotations

from typing import Any

from tests.golden.steps import Scenario, Step, aimed, get, post, profile, put, target

PATH = "/routing-profiles"


def _put(*targets: Any, **changes: Any) -> Step:
    return put(f"{PATH}/light", aimed(*targets, **changes))


def _alias(*names: Any) -> Step:
    return _put(*(target(virtual_model=name) for name in names))


def _written(number: str, field: str = "weight") -> Step:
    """The number with the very digits that are given."""
    return put(
        f"{PATH}/light",
        '{"name":"Light","virtual_provider":"light","targets":'
        f'[{{"provider":"fast","model":"m","{field}":{number}}}]}}',
    )


def _limit(number: str, field: str = "token_percent_threshold") -> Step:
    return put(
        f"{PATH}/light",
        '{"name":"Light","virtual_provider":"light","targets":'
        f'[{{"provider":"fast","model":"m","rate_limit":{{"{field}":{number}}}}}]}}',
    )


SCENARIOS = {
    "targets_refused": Scenario(
        [
            post(PATH, profile()),
            *(
                put(f"{PATH}/light", profile(targets=targets))
                for targets in (
                    None,
                    [],
                    {},
                    "fast",
                    7,
                    True,
                    {"0": target()},
                    [None],
                    [[]],
                    ["fast"],
                    [7, "x", target()],
                    [{}],
                    [target()] * 100,
                    [target()] * 101,
                )
            ),
            _put(target(provider=None)),
            _put(target(provider="")),
            _put(target(provider=7)),
            _put(target(provider="a/b")),
            _put(target(provider=" a")),
            _put(target(provider="p" * 100)),
            _put(target(provider="p" * 101)),
            _put(target(provider="p\u0000")),
            _put(target(virtual_model=7)),
            _put(target(virtual_model=" ")),
            _put(target(virtual_model="v" * 200)),
            _put(target(virtual_model="v" * 201)),
            _put(target(virtual_model="a/b")),
            _put(target(virtual_model="a\tb")),
            _put(target(model=7)),
            _put(target(model=[])),
            _put(target(model=" m")),
            _put(target(model="m" * 300)),
            _put(target(model="m" * 301)),
            _put(target(model="org/name:tag@v1")),
            _put({"provider": "fast", "virtual_model": "small"}),
            _put({"provider": "fast", "virtual_model": "small", "model": ""}),
            _put({"provider": "fast", "virtual_model": "small", "model": " "}),
            _put({"provider": "fast", "virtual_model": "small", "model": None}),
            _put({"provider": "fast", "virtual_model": "*"}),
            _put({"provider": "fast"}),
            _put(target(priority="1")),
            _put(target(priority=True)),
            _put(target(priority=[1])),
            _put(target(weight="1")),
            _put(target(weight=False)),
            _put(target(weight=-1)),
            _put(target(request_types="chat")),
            _put(target(request_types={})),
            _put(target(request_types=["chat", "song", 7, None])),
            _put(target(request_types=["CHAT"])),
            _put(target(request_types=[])),
            _put(target(request_types=["chat", "chat"])),
            _put(target(request_types=["embeddings", "completions", "responses", "messages"])),
            _put(target(capabilities="text")),
            _put(target(capabilities=["text", "smell"])),
            _put(target(capabilities=[["text"]])),
            _put(target(capabilities=["vision", "audio", "file"])),
            _put(target(capabilities=["tools", "structured_output", "reasoning", "text"])),
            _put(target(enabled="false")),
            _put(target(enabled=0)),
            _put(target(rate_limit=80)),
            _put(target(rate_limit=[])),
            _put(target(rate_limit={})),
            _put(target(rate_limit={"request_percent_threshold": "80"})),
            _put(target(rate_limit={"request_percent_threshold": True})),
            _put(
                target(
                    rate_limit={
                        "request_percent_threshold": -1,
                        "token_percent_threshold": 101,
                        "budget_percent_threshold": [],
                    }
                )
            ),
            _put(target(rate_limit={"requests": 7, "token_percent_threshold": 5})),
            _put(
                target(), target(weight=-1), target(provider=""), 7, target(model=1, priority=1.5)
            ),
            _put(target(weight=0), target(weight=0), strategy="weighted"),
            _put(target(weight=0), target(weight=0.0001), strategy="weighted"),
            _put(target(weight=0), target(weight="x"), strategy="weighted"),
            _put(target(weight=0), strategy="ordered_failover"),
            _put(target(weight=0), strategy=None),
            get(f"{PATH}/light"),
        ]
    ),
    "targets_aliases": Scenario(
        [
            post(PATH, profile()),
            _alias("a", "b"),
            _alias("a", "a"),
            _alias("a", "A"),
            _alias("a", "b", "A", "B", "a"),
            _alias("stra\u00dfe", "STRASSE"),
            _alias("\u00e9", "e\u0301"),
            _alias("*"),
            _alias("*", "*"),
            _alias("*", "*", "*"),
            _alias("*", "a"),
            _alias("a", "*"),
            _alias("a", "*", "b", "*", "A"),
            _alias("*", None),
            _alias("*", ""),
            _alias("a", None, ""),
            _alias("a", " "),
            _alias("a", " a"),
            _alias("a", 7, "A"),
            _alias("**"),
            _alias("*a", "*"),
            _put(target(virtual_model="a", enabled=False), target(virtual_model="A")),
            _put(target(virtual_model="*", enabled=False), target(virtual_model="a")),
            _put(7, target(virtual_model="a"), {}, target(virtual_model="A")),
            get(f"{PATH}/light"),
        ]
    ),
    "targets_numbers": Scenario(
        [
            post(PATH, profile()),
            *(
                _written(number)
                for number in (
                    "1",
                    "1.0",
                    "1.50",
                    "1e0",
                    "1E3",
                    "1e-7",
                    "0",
                    "-0",
                    "-0.0",
                    "0.0",
                    "0.1",
                    "0.30000000000000004",
                    "0.1234567890123456789012345",
                    "3.141592653589793238462643383279",
                    "123456.7890123456789",
                    "5e-324",
                    "1e-400",
                    "999999.9999999999",
                    "999999.99999999999999",
                    "1000000",
                    "1000000.0",
                    "1000000.0000000001",
                    "1000000.5",
                    "1000001",
                    "-0.0001",
                    "-1",
                    "9007199254740993",
                    "18446744073709551616",
                    "100000000000000000000000000000000000000000",
                    "1e308",
                    "1e309",
                    "null",
                    '"1"',
                    "true",
                )
            ),
            *(
                _written(number, "priority")
                for number in (
                    "0",
                    "-0",
                    "1.0",
                    "1.5",
                    "1e0",
                    "1000000",
                    "1000001",
                    "-1000000",
                    "-1000001",
                    "9223372036854775808",
                    "-170141183460469231731687303715884105728",
                    "null",
                )
            ),
            *(
                _limit(number)
                for number in (
                    "0",
                    "100",
                    "100.0",
                    "99.99999999999999",
                    "100.00000000000001",
                    "100.000000000000001",
                    "33.333333333333336",
                    "0.000001",
                    "-0.000001",
                    "1e2",
                    "101",
                    "null",
                )
            ),
            _limit("50", "request_percent_threshold"),
            _limit("50.0", "budget_percent_threshold"),
            get(f"{PATH}/light"),
            get(f"{PATH}/export"),
        ]
    ),
}
