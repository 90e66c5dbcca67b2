"""A name that is not allowed is answered with the setting that allows it."""

from __future__ import annotations

import pytest
from django.test import Client


def test_a_page_says_which_setting_to_change(client: Client) -> None:
    answer = client.get("/admin/login/", headers={"host": "my.host", "accept": "text/html"})
    assert answer.status_code == 400
    said = answer.content.decode()
    assert answer["content-type"].startswith("text/html")
    assert "my.host" in said
    assert "POINTSMAN_ALLOWED_HOSTS" in said


@pytest.mark.parametrize("path", ["/api/governance/routing-profiles", "/admin/login/"])
def test_programs_get_the_envelope(client: Client, path: str) -> None:
    answer = client.get(path, headers={"host": "my.host:8000"})
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert error["code"] == "host_not_allowed"
    assert error["type"] == "invalid_request_error"
    assert "POINTSMAN_ALLOWED_HOSTS" in error["message"]


def test_a_name_is_shown_as_text(client: Client) -> None:
    headers = {"host": "<script>alert(1)</script>", "accept": "text/html"}
    answer = client.get("/admin/login/", headers=headers)
    assert answer.status_code == 400
    assert b"<script>" not in answer.content
