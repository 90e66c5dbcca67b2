"""What was just written holds at once, whichever process of the node the next request meets."""

from __future__ import annotations

import httpx

from tests.service.operator import Operator
from tests.support.upstream import Json, Upstream


def test_keys_profiles_and_revocations(operator: Operator) -> None:
    """Each request takes a new connection, so both workers answer some of them."""
    with Upstream(Json({})) as upstream:
        provider = operator.provider(upstream)
        for turn in range(12):
            made = operator.api.post("/keys", json={"name": f"k{turn}", "scopes": ["inference"]})
            key = made.json()
            headers = {"Authorization": f"Bearer {key['secret']}"}
            name = f"w{turn}"
            targets = [{"provider": provider, "model": "m"}]
            profile = {"name": name, "virtual_provider": name, "targets": targets}
            assert operator.api.post("/routing-profiles", json=profile).status_code == 201
            for _ in range(4):
                answer = httpx.get(f"{operator.url}/v1/models", headers=headers)
                assert answer.status_code == 200, turn
                assert any(one["id"].startswith(f"{name}/") for one in answer.json()["data"]), turn
            operator.api.delete(f"/keys/{key['key']['id']}")
            for _ in range(4):
                gone = httpx.get(f"{operator.url}/v1/models", headers=headers)
                assert gone.status_code == 401, turn
