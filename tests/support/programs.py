"""Programs of a few lines, in a process of their own: what one imports no other test has before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any


def said(program: str, *arguments: str) -> dict[str, Any]:
    """The JSON that it prints."""
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "gateway.settings"},
        capture_output=True,
        text=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(result.stdout)
    return found
