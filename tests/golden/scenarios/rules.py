"""Heuristic rules: conditions, positions, order."""

from __future__ import annotations

from typing import Any

from tests.golden.steps import Scenario, Step, condition, delete, get, patch, post, put, rule

PATH = "/heuristic-rules"


def _new(**changes: Any) -> Step:
    return post(PATH, rule("new", **changes))


def _conditions(*conditions: Any, **changes: Any) -> Step:
    return put(f"{PATH}/1", rule(conditions=list(conditions), **changes))


def _order(body: Any) -> Step:
    return put(f"{PATH}/order", body)


SCENARIOS = {
    "rules_life": Scenario(
        [
            get(PATH),
            _order({"order": []}),
            _order({"order": [1]}),
            post(PATH, rule()),
            post(
                PATH,
                {
                    "name": "every field",
                    "match": "any",
                    "conditions": [
                        condition("last_user_characters", ">", 2000),
                        condition("last_user_text", "any", ["sql", "C++", "\u00fcber"]),
                        condition("reasoning", "==", True),
                        {"value": 1.5, "operator": "<=", "feature": "prompt_tokens"},
                    ],
                    "profile": "nobody yet",
                    "enabled": False,
                    "position": 0,
                },
            ),
            post(
                PATH,
                {
                    "name": "nulls",
                    "profile": "x",
                    "match": None,
                    "conditions": None,
                    "enabled": None,
                    "position": None,
                },
            ),
            get(PATH),
            get(f"{PATH}/2"),
            post(PATH, rule("far", position=1000)),
            post(PATH, rule("second", position=1, id=77, extra=1)),
            put(f"{PATH}/1", rule(match="any")),
            put(f"{PATH}/1", rule()),
            put(f"{PATH}/1", rule(position=0)),
            put(f"{PATH}/1", {"profile": "x"}),
            put(f"{PATH}/99", rule("x")),
            patch(f"{PATH}/1", {}),
            patch(f"{PATH}/1", {"enabled": False}),
            patch(f"{PATH}/1", {"position": 3}),
            patch(f"{PATH}/1", {"position": 1_000_000}),
            patch(f"{PATH}/1", {"name": "EVERY FIELD"}),
            patch(f"{PATH}/1", {"name": "LONG"}),
            patch(f"{PATH}/1", []),
            patch(f"{PATH}/99", {}),
            patch(f"{PATH}/1", {"id": 5}),
            get(PATH),
            delete(f"{PATH}/2"),
            delete(f"{PATH}/2"),
            get(PATH),
            get("/revisions?limit=5"),
        ]
    ),
    "rules_order": Scenario(
        [
            *(post(PATH, rule(name)) for name in ("a", "b", "c")),
            _order({"order": [3, 1, 2]}),
            _order({"order": [3, 1, 2]}),
            get(PATH),
            *(
                _order({"order": order})
                for order in (
                    [],
                    [1, 2],
                    [1, 2, 3, 4],
                    [1, 1, 2],
                    [1, 2, 2, 3],
                    [1.0, 2, 3],
                    ["1", "2", "3"],
                    [True, 2, 3],
                    [1, 2, None],
                    {"1": 1},
                    "123",
                    None,
                    [18446744073709551616, 2, 3],
                )
            ),
            _order({}),
            _order([]),
            _order("7"),
            _order({"order": [2, 3, 1], "extra": 1}),
            delete(f"{PATH}/3"),
            get(PATH),
            get("/revisions?action=reorder"),
        ]
    ),
    "rules_refused": Scenario(
        [
            post(PATH, rule()),
            post(PATH, rule("Long")),
            post(PATH, []),
            post(PATH, "null"),
            post(PATH, {}),
            _new(name=None),
            _new(name=""),
            _new(name=7),
            _new(name=" "),
            _new(name="n" * 200),
            _new(name="n" * 201),
            _new(profile=None),
            _new(profile=""),
            _new(profile=7),
            _new(profile="p" * 201),
            _new(match="some"),
            _new(match=7),
            _new(enabled="yes"),
            _new(position=-1),
            _new(position=1.0),
            _new(position="0"),
            _new(position=True),
            _new(position=1_000_001),
            _new(position=18446744073709551616),
            _new(conditions={}),
            _new(conditions="x"),
            _new(conditions=[condition()] * 20, name="20"),
            _new(conditions=[condition()] * 21),
            _new(name=7, profile=7, match=7, enabled=7, position=-1, conditions=7),
            get(PATH),
        ]
    ),
    "rules_conditions": Scenario(
        [
            post(PATH, rule()),
            _conditions(None),
            _conditions([]),
            _conditions("x", 7),
            _conditions({}),
            _conditions({"feature": "messages"}),
            _conditions({"feature": "messages", "operator": ">"}),
            _conditions(condition("weather")),
            _conditions(condition(7)),
            _conditions(condition(None)),
            _conditions(condition(operator="!=")),
            _conditions(condition(operator="any")),
            _conditions(condition(operator=None)),
            _conditions(condition(value=None)),
            _conditions(condition(value="5")),
            _conditions(condition(value=True)),
            _conditions(condition(value=[5])),
            _conditions(condition(value=-1)),
            _conditions(condition(value=1_000_000_000)),
            _conditions(condition(value=1_000_000_001)),
            *(
                put(
                    f"{PATH}/1",
                    '{"name":"long","profile":"light","conditions":'
                    f'[{{"feature":"messages","operator":"==","value":{number}}}]}}',
                )
                for number in (
                    "1",
                    "1.0",
                    "1.50",
                    "1e3",
                    "-0.0",
                    "0.30000000000000004",
                    "0.1234567890123456789",
                    "1000000000.0",
                    "1000000000.0000001",
                    "123456789.123456789",
                    "9007199254740993",
                    "1e400",
                )
            ),
            *(
                _conditions(condition("tools", operator, 1))
                for operator in (">", ">=", "<", "<=", "==")
            ),
            _conditions(condition("images", "<", 2)),
            _conditions(condition("reasoning", "==", False)),
            _conditions(condition("reasoning", ">", False)),
            _conditions(condition("reasoning", "==", 1)),
            _conditions(condition("reasoning", "==", None)),
            _conditions(condition("last_user_text", "any", ["a"])),
            _conditions(condition("last_user_text", "==", ["a"])),
            _conditions(condition("last_user_text", "any", "a")),
            _conditions(condition("last_user_text", "any", [])),
            _conditions(condition("last_user_text", "any", None)),
            _conditions(condition("last_user_text", "any", ["a", "", 7, None, " b", "k" * 201])),
            _conditions(condition("last_user_text", "any", ["k" * 200])),
            _conditions(condition("last_user_text", "any", [f"w{n}" for n in range(200)])),
            _conditions(condition("last_user_text", "any", [f"w{n}" for n in range(201)])),
            _conditions({**condition(), "extra": 1}),
            _conditions(condition(), condition("weather"), condition("tools", "any", -1)),
            get(f"{PATH}/1"),
        ]
    ),
    "rules_lists": Scenario(
        [
            post(PATH, rule("b", profile="Light")),
            post(PATH, rule("a", enabled=False)),
            post(PATH, rule("c", profile="heavy", position=0)),
            get(PATH),
            get(f"{PATH}?limit=1&offset=1"),
            get(f"{PATH}?limit=-1"),
            get(f"{PATH}?profile=LIGHT"),
            get(f"{PATH}?enabled=true"),
            get(f"{PATH}?enabled=2"),
        ]
    ),
}
