"""Model mappings."""

from __future__ import annotations

from typing import Any

from tests.golden.steps import Scenario, Step, delete, get, mapping, patch, post, put

PATH = "/model-mappings"


def _new(**changes: Any) -> Step:
    return post(PATH, mapping("new", **changes))


def _regex(pattern: str) -> Step:
    return post(PATH, mapping(pattern, match="regex"))


SCENARIOS = {
    "mappings_life": Scenario(
        [
            get(PATH),
            post(PATH, mapping()),
            post(
                PATH,
                {
                    "pattern": "claude-",
                    "match": "prefix",
                    "destination": "heavy",
                    "priority": -5,
                    "enabled": False,
                },
            ),
            post(
                PATH,
                {
                    "pattern": "nulls",
                    "destination": "x",
                    "match": None,
                    "priority": None,
                    "enabled": None,
                },
            ),
            get(PATH),
            get(f"{PATH}/1"),
            post(PATH, mapping()),
            post(PATH, mapping("GPT-4O")),
            post(PATH, mapping("GPT-4O", match="prefix")),
            post(PATH, mapping("gpt-4o", match="regex")),
            post(PATH, mapping("GPT-4O", match="regex")),
            post(PATH, mapping("gpt-4o", match="regex")),
            put(f"{PATH}/1", mapping(priority=3)),
            put(f"{PATH}/1", mapping()),
            put(f"{PATH}/1", {"pattern": "x"}),
            put(f"{PATH}/1", mapping("NULLS")),
            put(f"{PATH}/99", mapping("y")),
            patch(f"{PATH}/1", {}),
            patch(f"{PATH}/1", {"enabled": False}),
            patch(f"{PATH}/1", {"match": "prefix"}),
            patch(f"{PATH}/1", {"pattern": "Gpt-4O"}),
            patch(f"{PATH}/1", {"id": 9, "extra": True}),
            patch(f"{PATH}/1", []),
            patch(f"{PATH}/99", {}),
            get(PATH),
            delete(f"{PATH}/1"),
            delete(f"{PATH}/1"),
            get(PATH),
            get("/revisions?limit=4"),
        ]
    ),
    "mappings_refused": Scenario(
        [
            post(PATH, []),
            post(PATH, {}),
            _new(pattern=None),
            _new(pattern=""),
            _new(pattern=7),
            _new(pattern=" "),
            _new(pattern="p" * 300),
            _new(pattern="p" * 301),
            _new(match="glob"),
            _new(match=7),
            _new(destination=None),
            _new(destination=""),
            _new(destination=7),
            _new(destination="d" * 301),
            _new(destination="a\nb"),
            _new(priority="1"),
            _new(priority=1.0),
            _new(priority=1.5),
            _new(priority=True),
            _new(priority=-1_000_001),
            _new(priority=1_000_001),
            _new(pattern="low", priority=-1_000_000),
            _new(pattern="high", priority=1_000_000),
            _new(enabled="yes"),
            _new(pattern=7, match="x", destination=7, priority="x", enabled=7),
            _regex("("),
            _regex("[a-"),
            _regex("a{1001}"),
            _regex("*"),
            _regex("(?P<a>x)(?P<a>y)"),
            _regex("(?=x)"),
            _regex("\\1"),
            _regex("\\"),
            _regex("(?z)"),
            _regex("((a{100}){100}){100}"),
            _regex("(?i)claude-.*"),
            _regex("\\p{Greek}+"),
            get(PATH),
        ]
    ),
    "mappings_lists": Scenario(
        [
            post(PATH, mapping("b", priority=2)),
            post(PATH, mapping("a", priority=2, match="prefix")),
            post(PATH, mapping("c", priority=-1, enabled=False, destination="Heavy")),
            get(PATH),
            get(f"{PATH}?limit=2"),
            get(f"{PATH}?offset=x"),
            get(f"{PATH}?match=prefix"),
            get(f"{PATH}?match=glob"),
            get(f"{PATH}?pattern=B"),
            get(f"{PATH}?destination=HEAVY"),
            get(f"{PATH}?enabled=0"),
        ]
    ),
}
