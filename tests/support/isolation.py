"""Keeps tests away from the user's data; loaded by pytest before Django reads its settings."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile

for name in [name for name in os.environ if name.startswith("POINTSMAN_")]:
    # Figures and switches of tests are named so and stay.
    if not name.startswith("POINTSMAN_TEST_"):
        del os.environ[name]
if url := os.environ.get("POINTSMAN_TEST_DATABASE_URL"):
    os.environ["POINTSMAN_DATABASE_URL"] = url
os.environ["POINTSMAN_DATA_DIR"] = tempfile.mkdtemp(prefix="pointsman-tests-")
atexit.register(shutil.rmtree, os.environ["POINTSMAN_DATA_DIR"], ignore_errors=True)
