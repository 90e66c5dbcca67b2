"""API keys."""

from __future__ import annotations

from typing import Any

from tests.golden.steps import Scenario, Step, delete, get, key, patch, post, profile, put

PATH = "/keys"


def _new(**changes: Any) -> Step:
    return post(PATH, key("new", **changes))


def _expires(value: Any) -> Step:
    return patch(f"{PATH}/<key 1>", {"expires_at": value})


SCENARIOS = {
    "keys_life": Scenario(
        [
            get(PATH),
            post("/routing-profiles", profile()),
            post(
                PATH,
                {
                    "name": "every field",
                    "scopes": ["governance:write", "inference", "inference"],
                    "routing_profile": "light",
                    "priority": "high",
                    "local_fallback": "never",
                    "local_only": True,
                    "enabled": False,
                    "expires_at": "2130-01-31T12:00:00+02:00",
                },
            ),
            get(f"{PATH}/<key 2>"),
            post(
                PATH,
                {
                    "name": "nulls",
                    "scopes": ["inference"],
                    "routing_profile": None,
                    "priority": None,
                    "local_fallback": None,
                    "local_only": None,
                    "enabled": None,
                    "expires_at": None,
                },
            ),
            post(PATH, key("nulls")),
            post(PATH, key("read only", id="key-mine", prefix="pm-mine", created_at="x", extra=1)),
            patch(f"{PATH}/<key 2>", {}),
            patch(f"{PATH}/<key 2>", {"name": "another name"}),
            patch(f"{PATH}/<key 2>", {"enabled": True, "priority": "low", "routing_profile": ""}),
            patch(f"{PATH}/<key 2>", {"id": "key-other", "prefix": "x", "extra": 1}),
            patch(f"{PATH}/<key 2>", {"scopes": []}),
            patch(f"{PATH}/<key 2>", []),
            patch(f"{PATH}/<key 2>", "7"),
            patch(f"{PATH}/none", {"enabled": False}),
            put(f"{PATH}/<key 2>", key("x")),
            get(PATH),
            delete(f"{PATH}/<key 2>"),
            delete(f"{PATH}/<key 2>"),
            delete(f"{PATH}/none"),
            get(f"{PATH}/<key 2>"),
            get("/revisions"),
        ]
    ),
    "keys_refused": Scenario(
        [
            post(PATH, []),
            post(PATH, "null"),
            post(PATH, {}),
            _new(name=None),
            _new(name=""),
            _new(name=7),
            _new(name=" x"),
            _new(name="n" * 200),
            _new(name="n" * 201),
            _new(name="a\u0000"),
            _new(scopes=None),
            _new(scopes=[]),
            _new(scopes="inference"),
            _new(scopes={}),
            _new(scopes=["inference", "admin", 7]),
            _new(scopes=["INFERENCE"]),
            _new(routing_profile="none"),
            _new(routing_profile=7),
            _new(routing_profile=" "),
            _new(routing_profile="r" * 201),
            _new(priority="urgent"),
            _new(priority=1),
            _new(priority=""),
            _new(local_fallback="sometimes"),
            _new(local_only="yes"),
            _new(enabled="no"),
            _new(expires_at=7),
            _new(expires_at=""),
            _new(name=7, scopes=["x"], priority="x", enabled=7, expires_at="x"),
            _new(routing_profile="none", priority="urgent"),
            get(PATH),
        ]
    ),
    "keys_expiry": Scenario(
        [
            post(PATH, key()),
            *(
                _expires(value)
                for value in (
                    "2130-01-31T12:00:00Z",
                    "2130-01-31T12:00:00.5Z",
                    "2130-01-31T12:00:00.123456Z",
                    "2130-01-31T12:00:00.1234567Z",
                    "2130-01-31T12:00Z",
                    "2130-01-31 12:00:00+00:00",
                    "2130-01-31T12:00:00-11:30",
                    "2130-01-31T12:00:00+0530",
                    "2130-01-31T12:00:00",
                    "2130-01-31",
                    "2130-02-30T12:00:00Z",
                    "2130-01-31T25:00:00Z",
                    "9999-12-31T23:59:59Z",
                    "9999-12-31T23:59:59-01:00",
                    "0001-01-01T00:00:00+01:00",
                    "0001-01-01T00:00:00Z",
                    "tomorrow",
                    "",
                    1893456000,
                    True,
                    [],
                    None,
                )
            ),
            get(f"{PATH}/<key 1>"),
        ]
    ),
    "keys_lists": Scenario(
        [
            post("/routing-profiles", profile()),
            post(PATH, key("Zed", enabled=False)),
            post(PATH, key("bee", priority="high")),
            post(PATH, key("Bee", routing_profile="light")),
            get(PATH),
            get(f"{PATH}?limit=2"),
            get(f"{PATH}?limit=2&offset=1"),
            get(f"{PATH}?limit=0"),
            get(f"{PATH}?name=BEE"),
            get(f"{PATH}?enabled=false"),
            get(f"{PATH}?enabled=x"),
            get(f"{PATH}?priority=high"),
            get(f"{PATH}?priority=urgent"),
            get(f"{PATH}?routing_profile=light"),
            get(f"{PATH}?routing_profile=none"),
        ]
    ),
}
