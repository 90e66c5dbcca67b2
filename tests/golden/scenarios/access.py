"""Who may ask what: nobody, wrong keys, keys by their scopes."""

from __future__ import annotations

from tests.golden.steps import NOBODY, Scenario, Step, delete, get, key, patch, post, profile

READS = (
    "/routing-profiles",
    "/routing-profiles/export",
    "/routing-profiles/light",
    "/providers",
    "/providers/fast",
    "/keys",
    "/keys/key-1",
    "/heuristic-rules",
    "/heuristic-rules/1",
    "/model-mappings",
    "/model-mappings/1",
    "/revisions",
    "/revisions/1",
    "/revisions/compare?from=1&to=1",
    "/interactions",
    "/interactions/export",
    "/interactions/req_1",
)
WRITES = (
    ("POST", "/routing-profiles"),
    ("PUT", "/routing-profiles/light"),
    ("DELETE", "/routing-profiles/light"),
    ("POST", "/routing-profiles/import"),
    ("POST", "/routing-profiles/import?dry_run=true"),
    ("POST", "/providers"),
    ("PUT", "/providers/fast"),
    ("PATCH", "/providers/fast"),
    ("DELETE", "/providers/fast"),
    ("POST", "/keys"),
    ("PATCH", "/keys/key-1"),
    ("DELETE", "/keys/key-1"),
    ("POST", "/heuristic-rules"),
    ("PUT", "/heuristic-rules/order"),
    ("PUT", "/heuristic-rules/1"),
    ("PATCH", "/heuristic-rules/1"),
    ("DELETE", "/heuristic-rules/1"),
    ("POST", "/model-mappings"),
    ("PUT", "/model-mappings/1"),
    ("PATCH", "/model-mappings/1"),
    ("DELETE", "/model-mappings/1"),
    ("POST", "/revisions/1/revert"),
)
SIMULATE = "/routing-profiles/simulate"


def _everything(by: str) -> list[Step]:
    return [
        *(get(path, by=by) for path in READS),
        *(Step(method, path, {}, by=by) for method, path in WRITES),
        post(SIMULATE, {"model": "light/small"}, by=by),
    ]


def _headed(**headers: str) -> Step:
    names = {"authorization": "Authorization", "x_api_key": "x-api-key"}
    told = {names[name]: value for name, value in headers.items()}
    return get("/providers", by=NOBODY, headers=told)


SCENARIOS = {
    "access_nobody": Scenario(_everything(NOBODY)),
    "access_inference_only": Scenario(_everything("chat"), keys={"chat": "inference"}),
    "access_reader": Scenario(_everything("reader"), keys={"reader": "governance:read"}),
    "access_writer": Scenario(_everything("writer"), keys={"writer": "governance:write"}),
    "access_headers": Scenario(
        [
            _headed(authorization="Bearer pm-wrong"),
            _headed(authorization="Bearer"),
            _headed(authorization="Bearer "),
            _headed(authorization="Basic cm9vdDpyb290"),
            _headed(x_api_key=""),
            _headed(x_api_key="pm-wrong"),
            _headed(x_api_key="pm-" + "x" * 5000),
            _headed(authorization="Bearer \u00fc\u00e4"),
            _headed(authorization="Bearer <secret 1>"),
            _headed(authorization="bearer <secret 1>"),
            _headed(authorization="BEARER   <secret 1>  "),
            _headed(x_api_key="<secret 1>"),
            _headed(x_api_key=" <secret 1> "),
            _headed(authorization="Basic cm9vdDpyb290", x_api_key="<secret 1>"),
            _headed(authorization="Bearer pm-wrong", x_api_key="<secret 1>"),
            _headed(authorization="<secret 1>"),
        ]
    ),
    "access_key_that_ends": Scenario(
        [
            post("/keys", key("short", scopes=["governance:read"])),
            get("/providers", by=NOBODY, headers={"x-api-key": "<secret 2>"}),
            patch("/keys/<key 1>", {"enabled": False}),
            get("/providers", by=NOBODY, headers={"x-api-key": "<secret 2>"}),
            patch("/keys/<key 1>", {"enabled": True, "expires_at": "2020-01-01T00:00:00Z"}),
            get("/providers", by=NOBODY, headers={"x-api-key": "<secret 2>"}),
            patch("/keys/<key 1>", {"expires_at": "2120-01-01T00:00:00Z"}),
            get("/providers", by=NOBODY, headers={"x-api-key": "<secret 2>"}),
            patch("/keys/<key 1>", {"scopes": ["inference"]}),
            get("/providers", by=NOBODY, headers={"x-api-key": "<secret 2>"}),
            delete("/keys/<key 1>"),
            get("/providers", by=NOBODY, headers={"x-api-key": "<secret 2>"}),
            post("/routing-profiles", profile(), by=NOBODY, headers={"x-api-key": "<secret 2>"}),
        ]
    ),
}
