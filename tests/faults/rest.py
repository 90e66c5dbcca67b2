"""The REST API against its own document: `make test-rest`. Arguments go to schemathesis."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.installation import Installation, manage

SCOPES = "inference,governance:read,governance:write,keys"
"""All there are: what is refused for want of one tells nothing of what it does."""


def main() -> int:
    with (
        tempfile.TemporaryDirectory(prefix="pm-rest-") as folder,
        Installation(Path(folder), "--no-model") as service,
    ):
        made = manage(Path(folder), "create_api_key", "rest", "--scopes", SCOPES)
        assert made.returncode == 0, made.stderr
        program = Path(sys.executable).with_name("schemathesis")
        return subprocess.run(
            [
                program,
                "run",
                f"{service.url}/api/schema",
                "--header",
                f"Authorization: Bearer {made.stdout.strip()}",
                "--checks",
                "not_a_server_error,status_code_conformance,content_type_conformance",
                "--max-examples",
                "20",
                *sys.argv[1:],
            ],
            check=False,
        ).returncode


if __name__ == "__main__":
    sys.exit(main())
