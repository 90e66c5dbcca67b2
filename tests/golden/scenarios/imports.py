"""Replacing all routing profiles, and taking them out."""

from __future__ import annotations

import json
from typing import Any

from tests.golden.steps import Scenario, Step, aimed, get, key, post, profile, provider, target

PATH = "/routing-profiles/import"
DRY = f"{PATH}?dry_run=true"
STRATEGIES = ("ordered_failover", "weighted")


def _plugin(profiles: Any, **more: Any) -> dict[str, Any]:
    return {
        "plugin": {
            "name": "routing-profiles",
            "enabled": True,
            "config": {"routing_profiles": profiles, **more},
        }
    }


def _set(*profiles: Any) -> dict[str, Any]:
    return {"routing_profiles": list(profiles)}


def _many(count: int) -> list[dict[str, Any]]:
    """Profiles that use every field in turn."""
    return [
        {
            "id": f"profile-{number:03}",
            "name": f"Profile {number:03}",
            "description": "" if number % 3 else f"Number {number}.",
            "virtual_provider": f"virtual-{number:03}",
            "virtual_key_id": "",
            "enabled": number % 7 != 0,
            "strategy": STRATEGIES[number % 2],
            "targets": [
                {
                    "provider": ("fast", "slow", "nobody")[place % 3],
                    "virtual_model": f"alias-{place}" if number % 4 else "",
                    "model": f"model-{number}-{place}",
                    "priority": place - 1,
                    "weight": 1 + number / 8,
                    "request_types": ["chat"] if number % 5 == 0 else [],
                    "capabilities": ["text", "vision"] if number % 6 == 0 else [],
                    "enabled": place != 2,
                    "rate_limit": {"token_percent_threshold": number / 4} if place == 1 else None,
                }
                for place in range(1 + number % 3)
            ],
            "local_fallback": "never" if number % 10 == 0 else "default",
            "local_only": False,
        }
        for number in range(count)
    ]


def _broken(count: int) -> list[Any]:
    """The same with rules broken here and there."""
    found: list[Any] = _many(count)
    found[3]["name"] = None
    found[17] = "no profile"
    found[40]["targets"] = []
    found[41]["targets"][0] |= {"provider": "", "weight": -1, "priority": 1.5}
    found[99]["virtual_provider"] = "VIRTUAL-098"
    found[100]["name"] = "profile 000"
    found[150]["id"] = "profile-149"
    found[151]["strategy"] = "random"
    found[180]["virtual_provider"] = "Fast"
    found[count - 1]["targets"][0]["rate_limit"] = {"token_percent_threshold": 101}
    return found


def _changed(count: int) -> list[dict[str, Any]]:
    """The same, some gone, some changed, some new, in another order."""
    found = _many(count + 10)[20:]
    for document in found[::9]:
        document["description"] = "Changed."
        document["targets"].append(target(model="one more"))
    return found[::-1]


def _text(body: str) -> Step:
    return post(PATH, body)


FULL = (
    '{"routing_profiles":[{"id":"n","name":"Numbers","virtual_provider":"n","targets":['
    '{"provider":"a","weight":1.0,"priority":0},{"provider":"b","weight":0.5,"rate_limit":'
    '{"request_percent_threshold":80.0,"budget_percent_threshold":33.333333333333336}},'
    '{"provider":"c","weight":1e3},{"provider":"d","weight":0.1234567890123456789}]}]}'
)

SCENARIOS = {
    "import": Scenario(
        [
            post("/providers", provider(is_local=False)),
            post(PATH, _set(profile("a"), profile("b"))),
            get("/routing-profiles/export"),
            post(PATH, _set(profile("a"), profile("b"))),
            post(DRY, _set(profile("a", name="A2"), profile("c"))),
            get("/routing-profiles"),
            post(PATH, _plugin([profile("a", name="A2"), profile("c")])),
            get("/routing-profiles/export"),
            post(PATH, _set(profile("a", name="C"), profile("c", name="A2"))),
            post(
                PATH, _set(profile("a", virtual_provider="c"), profile("c", virtual_provider="a"))
            ),
            post(PATH, _plugin([profile("d", extra=1), aimed(target(x=1))], unknown=7)),
            post(PATH, _set(profile("e", virtual_key_id="key-none"))),
            _text(FULL),
            get("/routing-profiles/n"),
            get("/routing-profiles/export"),
            post(PATH, {**_set(profile("f")), "other": 1}),
            post(PATH, {"routing_profiles": [profile("f")], "plugin": None}),
            post(PATH, {"routing_profiles": [profile("f")], "plugin": {"config": {}}}),
            post(f"{PATH}?dry_run=false", _set(profile("f"))),
            post(f"{PATH}?dry_run=1", _set()),
            post(f"{PATH}?dry_run", _set()),
            post(f"{PATH}?dry_run=0", _set(profile("f"), profile("g"))),
            post(f"{PATH}?dry_run=x", _set()),
            get("/routing-profiles"),
            post(PATH, _set()),
            post(PATH, _plugin([])),
            get("/routing-profiles/export"),
            get("/revisions"),
            get("/revisions/3"),
        ]
    ),
    "import_refused": Scenario(
        [
            post("/providers", provider(is_local=False)),
            post(PATH, _set(profile("kept"))),
            post(PATH, []),
            post(PATH, "null"),
            post(PATH, "7"),
            post(PATH, {}),
            post(PATH, {"profiles": []}),
            post(PATH, {"routing_profiles": None}),
            post(PATH, {"routing_profiles": {}}),
            post(PATH, {"routing_profiles": "x"}),
            post(PATH, {"routing_profiles": 7}),
            post(PATH, {"plugin": []}),
            post(PATH, {"plugin": {"config": []}}),
            post(PATH, {"plugin": {"config": {"routing_profiles": None}}}),
            post(PATH, _plugin({})),
            post(PATH, _plugin("x")),
            post(PATH, {**_plugin([]), "routing_profiles": []}),
            post(PATH, {**_plugin([]), "routing_profiles": None}),
            post(PATH, _set(None)),
            post(PATH, _set([], 7, "x", True)),
            post(PATH, _set({})),
            post(PATH, _set({"name": "no id", "virtual_provider": "x", "targets": [target()]})),
            post(PATH, _set(profile("a"), profile("a"))),
            post(PATH, _set(profile("a"), profile("b", name="A"))),
            post(PATH, _set(profile("a"), profile("b", virtual_provider="A"))),
            post(PATH, _set(profile("a"), profile("b", name="A"), profile("c", name="a"))),
            post(PATH, _set(profile("fast"))),
            post(PATH, _set(profile("FAST"))),
            post(PATH, _set(profile("a", id="import"))),
            post(PATH, _set(profile("a", local_only=True))),
            post(PATH, _set(profile("a"), aimed(target(weight=-1), 7, {"provider": ""}))),
            post(PATH, _set(aimed(target(virtual_model="*"), target(virtual_model="a")))),
            post(PATH, _set(aimed(target(weight=0), strategy="weighted"))),
            post(DRY, _set(profile("a", name=""))),
            post("/keys", key(routing_profile="kept")),
            post(PATH, _set(profile("a"))),
            post(DRY, _set()),
            post(PATH, _set(profile("kept", name="Still there"), profile("a"))),
            get("/routing-profiles/export"),
        ]
    ),
    "import_many": Scenario(
        [
            post("/providers", provider(is_local=True)),
            post("/providers", provider("slow", is_local=True)),
            post(DRY, _set(*_many(200))),
            post(PATH, _set(*_many(200))),
            get("/routing-profiles?limit=3&offset=100"),
            get("/routing-profiles/export"),
            post(PATH, _plugin(_many(200))),
            post(PATH, _set(*_broken(200))),
            post(PATH, _plugin(_broken(200))),
            post(DRY, _plugin(_changed(200))),
            post(PATH, _plugin(_changed(200))),
            get("/routing-profiles/export"),
            get("/revisions?action=import"),
            post("/revisions/4/revert?dry_run=true"),
            post("/revisions/4/revert"),
            get("/routing-profiles?limit=1"),
            post(PATH, json.dumps(_set(*_many(200)), indent=1)),
        ]
    ),
}
