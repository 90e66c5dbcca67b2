"""Interactions of a service that has not been asked anything; see `tests.upgrade` for others."""

from __future__ import annotations

from tests.golden.steps import Scenario, get

SCENARIOS = {
    "interactions": Scenario(
        [
            get("/interactions"),
            get("/interactions/export"),
            get("/interactions/req_1"),
            get("/interactions?limit=1"),
            get("/interactions?limit=500"),
            get("/interactions?limit=501"),
            get("/interactions?limit=0"),
            get("/interactions?limit=-1"),
            get("/interactions?limit="),
            get("/interactions?limit=x"),
            get("/interactions?limit=%EF%BC%91"),
            get("/interactions?cursor=x"),
            get("/interactions?cursor="),
            get("/interactions?cursor=%C3%A9"),
            get("/interactions?cursor=W3RydWUsIjIwMzAtMDEtMDFUMDA6MDA6MDBaIiwxXQ"),
            get("/interactions?cursor=W3RydWUsIjIwMzAtMDEtMDFUMDA6MDA6MDAiLDFd"),
            get("/interactions?outcome=fine"),
            get("/interactions?outcome=ok"),
            get("/interactions?outcome=OK"),
            get("/interactions?fallback=maybe"),
            get("/interactions?fallback=none&outcome=fine"),
            get("/interactions?outcome=fine&fallback=maybe"),
            get("/interactions?from=yesterday"),
            get("/interactions?to=tomorrow"),
            get("/interactions?from=2030-01-31T12:00:00Z&to=2030-02-01"),
            get("/interactions?profile=x&provider=x&key=x&model=x&requested_model=x&id=x"),
            get("/interactions?error=http_503%20openai"),
            get("/interactions?error="),
            get("/interactions?profile=%00"),
            get("/interactions/export?outcome=fine"),
            get("/interactions/export?from=yesterday"),
            get("/interactions/export?limit=1"),
        ]
    ),
}
