"""Many callers with a large body each, in a process of their own: `python -m tests.faults.crowd`.

What measures the service beside them must not wait for their interpreter. Prints the statuses of
the answers, 0 for none.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import suppress
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

from tests.support.installation import ROOT


def run(url: str, key: str, model: str, *, count: int, size: int) -> list[int]:
    """The statuses of so many bodies of `size` bytes, sent at once from another process."""
    command = [sys.executable, "-m", "tests.faults.crowd", url, key, model, str(count), str(size)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    statuses: list[int] = json.loads(done.stdout)
    return statuses


def main() -> None:
    url, key, model, count, size = sys.argv[1:]
    messages = [{"role": "user", "content": "x" * int(size)}]
    body = json.dumps({"model": model, "messages": messages}).encode()
    place = urlsplit(url)
    statuses: list[int] = []

    def send() -> None:
        connection = HTTPConnection(str(place.hostname), place.port, timeout=180)
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        # Where it is refused before all of it was sent, the answer is there all the same.
        with suppress(OSError):
            connection.request("POST", "/v1/chat/completions", body, headers)
        try:
            answer = connection.getresponse()
            answer.read()
            statuses.append(answer.status)
        except (OSError, HTTPException):
            statuses.append(0)
        connection.close()

    threads = [threading.Thread(target=send) for _ in range(int(count))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps(statuses))


if __name__ == "__main__":
    main()
