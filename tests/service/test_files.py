"""Files and batches through the running service: what a key has made is in the database."""

from __future__ import annotations

import json

import openai

from tests.service.operator import Operator
from tests.support.eventually import eventually
from tests.support.file_provider import FileProvider
from tests.support.installation import Installation

LARGE = bytes(range(256)) * 12_000
"""3 MB: more than a form's part that is kept in memory."""


def test_a_batch_as_a_program_makes_it(operator: Operator, installation: Installation) -> None:
    with FileProvider() as upstream:
        name = operator.provider(upstream.base_url)
        profile = operator.profile({"provider": name, "model": "gpt-real"}, local_fallback="never")
        model = f"{profile['virtual_provider']}/x"
        eventually(lambda: operator.ask(model).status_code == 200)
        client = openai.OpenAI(
            base_url=f"{operator.url}/v1",
            api_key=operator.key,
            max_retries=0,
            default_headers={"x-routing-profile": profile["virtual_provider"]},
        )
        notes = client.files.create(file=("notes", LARGE), purpose="user_data")
        assert client.files.content(notes.id).read() == LARGE
        kept = [one for one in (installation.data_dir / "run").rglob("*") if one.is_file()]
        assert all(one.stat().st_size < len(LARGE) for one in kept), "its file has no name"
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}]}
        line = {"custom_id": "a", "method": "POST", "url": "/v1/chat/completions", "body": body}
        file = client.files.create(file=("r.jsonl", json.dumps(line).encode()), purpose="batch")
        assert [one.id for one in client.files.list()] == [file.id, notes.id]
        batch = client.batches.create(
            input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h"
        )
        upstream.ended = True
        assert [one.status for one in client.batches.list()] == ["completed"]
        done = client.batches.retrieve(batch.id)
        assert done.output_file_id is not None
        assert "gpt-real-2026" in client.files.content(done.output_file_id).text
        client.files.delete(notes.id)
        assert notes.id not in [one.id for one in client.files.list()]

        def rows() -> list[dict[str, object]]:
            told = operator.api.get("/interactions", params={"provider": name}).json()
            return [one for one in told["interactions"] if str(one["id"]).startswith("batch/")]

        [row] = eventually(rows)
        found = operator.api.get(f"/interactions/{row['id']}").json()["interaction"]
        assert found["usage"]["prompt_tokens"] == 200
