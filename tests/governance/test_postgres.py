"""The same tests on PostgreSQL, where its own ideas of text, numbers and locks matter."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

FILES = [
    "api/test_envelope.py",
    "api/test_import_rows.py::test_it_works",
    "api/test_keys.py",
    "api/test_providers.py",
    "api/test_revisions.py",
    "api/test_routing_profiles.py",
    "api/test_rules.py",
    "test_concurrency.py",
    "test_constraints.py",
    "test_defaults.py",
    "test_documents.py",
    "test_load_limits.py",
    "test_many_rows.py",
    "test_profiles.py",
    "test_snapshot.py",
]


@pytest.mark.skipif("POINTSMAN_TEST_DATABASE_URL" in os.environ, reason="this is the inner run")
@pytest.mark.timeout(180)
def test_it_works_on_postgresql(postgres_server: str) -> None:
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *(f"tests/governance/{name}" for name in FILES),
        ],
        env={**os.environ, "POINTSMAN_TEST_DATABASE_URL": postgres_server},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout[-5000:] + ended.stderr[-2000:]
    assert "skipped" not in ended.stdout.splitlines()[-1]
