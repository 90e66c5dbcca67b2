"""`python -m tests.golden.record`: writes the recorded answers and the schema anew.

Review the difference before committing it: each line is a promise to callers that changes.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    os.environ["POINTSMAN_TEST_RECORD_GOLDEN"] = "1"
    sys.exit(pytest.main(["-q", str(Path(__file__).parent), *sys.argv[1:]]))
