"""The REST API against its own document, by schemathesis: `make test-rest`.

Asks every operation with bodies and parameters that keep to the document, and with such as do not:
each answer has to be one that the document names, in the form it names, and no failure of the
service's own. One run for each part of the API, which `ARGS="groups limits"` chooses; what is not
known here goes to schemathesis.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import httpx

from tests.faults.figures import Figure, kept, write
from tests.support.installation import Installation, manage

SCOPES: Final = "inference,governance:read,governance:write,keys"
"""All there are: what is refused for want of one tells nothing of what it does."""
CHECKS: Final = "not_a_server_error,status_code_conformance,content_type_conformance"
EXAMPLES: Final = "10"
"""Of each operation in the phase that makes them up, beside those that the document leads to."""
PERSONS: Final = "own keys"
"""The part that is for people alone, whom a session stands for."""
SECTION: Final = "rest"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("parts", nargs="*", help="tags of the document; none: all of them")
    parser.add_argument("--check", action="store_true", help="leave the page as it is")
    options, more = parser.parse_known_args()
    failed = 0
    with (
        tempfile.TemporaryDirectory(prefix="pm-rest-") as folder,
        Installation(Path(folder), "--no-model") as service,
    ):
        parts = tags(service.url)
        for part in options.parts or parts:
            caller = person(service) if part == PERSONS else key(service)
            found = ask(service.url, caller, part, more)
            failed += not found.holds
            if not options.check:
                # At once: they take minutes each, and are also run one by one.
                write(SECTION, merged(kept(SECTION), found, parts))
    return min(failed, 1)


def tags(url: str) -> list[str]:
    """The parts of the API, as the document names them."""
    as_json = {"accept": "application/vnd.oai.openapi+json"}
    document = httpx.get(f"{url}/api/schema", headers=as_json, timeout=60).json()
    named = {
        tag
        for path in document["paths"].values()
        for operation in path.values()
        if isinstance(operation, dict)
        for tag in operation.get("tags", ())
    }
    return sorted(named, key=str.casefold)


def key(service: Installation) -> dict[str, str]:
    """A key of every scope: a new one, since what was asked before may have deleted the last."""
    made = manage(service.data_dir, "create_api_key", "rest", "--scopes", SCOPES)
    assert made.returncode == 0, made.stderr
    return {"Authorization": f"Bearer {made.stdout.strip()}"}


def person(service: Installation) -> dict[str, str]:
    """Someone who is signed in, and may make keys of their own."""
    api = httpx.Client(base_url=f"{service.url}/api/governance", headers=key(service), timeout=60)
    group = api.post("/groups", json={"name": "theirs"}).raise_for_status().json()["group"]["id"]
    allowance = {"group": group, "members": ["admin"], "most_keys": 1000}
    api.post("/key-allowances", json=allowance).raise_for_status()
    browser = httpx.Client(base_url=service.url, timeout=60)
    browser.get("/admin/login/").raise_for_status()
    form = {"username": "admin", "password": service.password, "next": "/admin/"}
    form["csrfmiddlewaretoken"] = browser.cookies["csrftoken"]
    assert browser.post("/admin/login/", data=form).status_code == 302
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    return {"Cookie": cookies, "X-CSRFToken": browser.cookies["csrftoken"]}


def ask(url: str, caller: Mapping[str, str], part: str, more: Sequence[str]) -> Figure:
    headers = [word for named in caller.items() for word in ("--header", ": ".join(named))]
    command = [
        *(Path(sys.executable).with_name("schemathesis"), "run", f"{url}/api/schema"),
        *(*headers, "--include-tag", part, "--checks", CHECKS, "--max-examples", EXAMPLES, *more),
    ]
    said = ""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            said += line
    operations, cases, passed = (
        _number(rf"{what}", said)
        for what in (r"Tested: (\d+)", r"(\d+) generated", r"generated, .*?(\d+) passed")
    )
    # Whatever its own words, it ends with another status where a check failed.
    wrong = max(cases - passed, int(running.returncode != 0))
    what = f"{part}: {operations} operations, {cases:,} requests: wrong"
    return Figure(what, str(wrong), "0", wrong == 0 and operations > 0)


def _number(pattern: str, said: str) -> int:
    found = re.search(pattern, said)
    return int(found[1]) if found else 0


def merged(rows: Sequence[Figure], new: Figure, parts: Sequence[str]) -> list[Figure]:
    """The rows of the parts there are, this one in its place."""
    held = {row.what.partition(":")[0]: row for row in (*rows, new)}
    return [held[part] for part in parts if part in held]


if __name__ == "__main__":
    sys.exit(main())
