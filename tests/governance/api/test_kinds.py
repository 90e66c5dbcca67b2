"""The kinds of provider over REST: what a program needs to offer them."""

from __future__ import annotations

import pytest
from django.test import Client

from governance.kinds import KINDS

pytestmark = pytest.mark.django_db


def test_it_works(admin_client: Client) -> None:
    answer = admin_client.get("/api/governance/provider-kinds")
    assert answer.status_code == 200
    kinds = {one["name"]: one for one in answer.json()["kinds"]}
    assert list(kinds) == list(KINDS)
    assert kinds["azure"]["key_help"].startswith("a key, or JSON")
    assert kinds["mlx"]["base_url"] == "forbidden"
    assert kinds["ollama"]["presets"] == [
        {
            "label": "Ollama",
            "name": "ollama",
            "base_url": "http://127.0.0.1:11434/v1",
            "is_local": True,
        }
    ]


def test_nobody_in_particular(client: Client) -> None:
    assert client.get("/api/governance/provider-kinds").status_code == 401
