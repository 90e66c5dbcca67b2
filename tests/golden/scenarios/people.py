"""People with a session: permissions instead of scopes, and credentials of providers."""

from __future__ import annotations

from tests.golden.steps import Scenario, Step, delete, get, mapping, patch, post, profile, provider

_READS = (
    "/routing-profiles",
    "/routing-profiles/export",
    "/providers",
    "/keys",
    "/heuristic-rules",
    "/model-mappings",
    "/revisions",
    "/interactions",
)
_IMPORT = "/routing-profiles/import"


def _change(by: str, **changes: object) -> Step:
    return patch("/providers/fast", changes, by=by)


SCENARIOS = {
    "people": Scenario(
        [
            post("/routing-profiles", profile()),
            post("/providers", provider(api_key="s3cret", extra_headers={"X-A": "1"})),
            post("/providers", provider("bare")),
            *(get(path, by="visitor") for path in _READS),
            *(get(path, by="newcomer") for path in _READS),
            *(get(path, by="viewer") for path in _READS),
            post("/routing-profiles", {}, by="viewer"),
            post("/routing-profiles/simulate", {"model": "light/small"}, by="viewer"),
            delete("/routing-profiles/light", by="viewer"),
            post("/revisions/1/revert", by="viewer"),
            post(_IMPORT, {"routing_profiles": []}, by="adder"),
            post("/routing-profiles", profile("added"), by="adder"),
            _change("editor", enabled=False),
            _change("editor", api_key="new"),
            _change("editor", api_key=""),
            _change("editor", extra_headers={"X-A": "2"}),
            _change("editor", extra_headers={"X-A": "********"}),
            _change("editor", extra_headers={}),
            _change("editor", base_url="http://127.0.0.1:10/"),
            _change("editor", api_key="x", extra_headers={"X-B": "1"}, base_url="http://a.b/"),
            patch("/providers/bare", {"base_url": "http://127.0.0.1:10/"}, by="editor"),
            patch("/providers/bare", {"api_key": "x"}, by="editor"),
            _change("keeper", api_key="new", base_url="http://127.0.0.1:11/"),
            post("/model-mappings", mapping(), by="root"),
            post("/model-mappings", mapping("b"), by="root by form"),
            get("/model-mappings", by="root by form"),
            delete("/routing-profiles/light", by="root"),
            get("/revisions", by="root"),
            get("/keys", by="root", headers={"x-api-key": "pm-wrong"}),
        ],
        people={
            "visitor": None,
            "newcomer": (),
            "viewer": ("view_routingprofile", "view_interaction"),
            "adder": ("add_routingprofile",),
            "editor": ("change_provider", "view_provider"),
            "keeper": ("change_provider", "set_credentials"),
            "root": ("*",),
        },
    ),
}
