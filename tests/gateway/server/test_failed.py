"""Pages and API while the database is away: 503 with what still works, and at once."""

from __future__ import annotations

import pytest
from django.db import OperationalError, connection
from django.test import Client


class Away:
    """Every query fails, as with a server that is gone."""

    def __call__(self, *_: object, **__: object) -> object:
        raise OperationalError("connection refused at 10.0.0.7")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "accept"),
    [
        ("/admin/", "text/html"),
        ("/admin/login/", "text/html"),
        ("/api/governance/providers", "*/*"),
    ],
)
def test_what_is_told(path: str, accept: str) -> None:
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = "x" * 32
    with connection.execute_wrapper(Away()):
        answer = client.get(path, headers={"accept": accept, "authorization": "Bearer pm-x"})
    if answer.status_code == 200:
        assert path == "/admin/login/", "which asks nobody"
        return
    assert answer.status_code in (401, 503)
    if answer.status_code == 401:
        assert path.startswith("/api/"), "keys are known without the database"
        return
    assert answer["Retry-After"] == "2"
    assert b"does not answer" in answer.content
    assert b"10.0.0.7" not in answer.content
