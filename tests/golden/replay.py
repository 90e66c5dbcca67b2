"""Sends the requests of a scenario and writes down the answers.

Only Django's test client, its users and the management command `create_api_key` are used, so that
a replay depends on addresses and documents alone.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final

from asgiref.sync import async_to_sync
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.core.management import call_command
from django.test import Client
from django.test.client import ClientHandler

from tests.golden.steps import ADMIN, NOBODY, ROOT, Scenario, Step

LONG: Final = 1500
"""Bytes of a request that are shown; of a longer one the beginning and a digest."""

_MADE_UP: Final = (
    ("key", re.compile(r"\bkey-[0-9a-f]{16}\b")),
    ("profile", re.compile(r"\brp-[0-9a-f]{16}\b")),
    ("secret", re.compile(r"\bpm-[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")),
    ("prefix", re.compile(r'(?<="prefix":")pm-[A-Za-z0-9_-]{7}(?=")')),
    ("time", re.compile(r'(?<="when":")[^"]+(?=")')),
    ("time", re.compile(r'(?<="created_at":")[^"]+(?=")')),
    ("time", re.compile(r'(?<="last_used_at":")[^"]+(?=")')),
)
"""What the service makes up: the word of its placeholder, and how it looks."""


class Placeholders:
    """Stand for what is another in every run, numbered in the order of their appearance."""

    def __init__(self) -> None:
        self._values: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._counts: dict[str, int] = {}

    def hide(self, text: str) -> str:
        for word, pattern in _MADE_UP:
            for value in dict.fromkeys(pattern.findall(text)):
                text = text.replace(value, self._name(word, value))
        return text

    def fill(self, text: str) -> str:
        """The text with the values its placeholders stand for."""
        return re.sub(r"<\w+ \d+>", lambda found: self._values.get(found[0], found[0]), text)

    def _name(self, word: str, value: str) -> str:
        if value not in self._names:
            self._counts[word] = self._counts.get(word, 0) + 1
            name = f"<{word} {self._counts[word]}>"
            self._names[value], self._values[name] = name, value
        return self._names[value]


def replay(scenario: Scenario) -> Iterator[str]:
    """The answer to each step as text, in an empty database."""
    known = Placeholders()
    callers = _callers(scenario, known)
    for number, step in enumerate(scenario.steps, 1):
        client, headers = callers[step.by]
        yield f"=== {number}\n{_asked(step)}\n{_answered(step, client, headers, known)}\n"


def _callers(scenario: Scenario, known: Placeholders) -> dict[str, tuple[Client, dict[str, str]]]:
    found: dict[str, tuple[Client, dict[str, str]]] = {NOBODY: (_client(), {})}
    for name, scopes in {
        ADMIN: "inference,governance:read,governance:write,keys",
        **scenario.keys,
    }.items():
        out = io.StringIO()
        call_command("create_api_key", name, "--scopes", scopes, stdout=out)
        secret = out.getvalue().strip()
        known.hide(secret)
        found[name] = _client(), {"Authorization": f"Bearer {secret}"}
    for name, rights in scenario.people.items():
        user = get_user_model().objects.create_user(
            name, is_staff=rights is not None, is_superuser="*" in (rights or ())
        )
        for right in rights or ():
            if right != "*":
                user.user_permissions.add(Permission.objects.get(codename=right))
        for caller, checks in ((name, False), (f"{name} by form", True)):
            client = _client(checks=checks)
            client.force_login(user)
            found[caller] = client, {}
    return found


def _client(*, checks: bool = False) -> Client:
    """A caller without cookies. All share one handler: loading the middleware takes a while."""
    client = Client(raise_request_exception=False, enforce_csrf_checks=checks)
    client.handler = _handler(checks)
    return client


@lru_cache(maxsize=2)
def _handler(checks: bool) -> ClientHandler:
    return ClientHandler(enforce_csrf_checks=checks)


def _asked(step: Step) -> str:
    lines = [f"> {step.method} {step.path}" + (f" by {step.by}" if step.by else " by nobody")]
    lines += [f"> {name}: {value}" for name, value in step.headers.items()]
    if step.body is not None:
        if step.kind != "application/json":
            lines.append(f"> Content-Type: {step.kind}")
        lines.append(f"> {_shown(_body(step))}")
    return "\n".join(lines)


def _body(step: Step) -> bytes:
    if isinstance(step.body, bytes):
        return step.body
    if isinstance(step.body, str):
        return step.body.encode()
    return json.dumps(step.body, ensure_ascii=False).encode("utf-8", "surrogatepass")


def _shown(body: bytes) -> str:
    text = _text(body[:LONG])
    if len(body) <= LONG:
        return text
    return f"{text} ... {len(body):,} bytes, SHA-256 {hashlib.sha256(body).hexdigest()}"


def _text(body: bytes) -> str:
    """UTF-8 as it is; what has no shape on paper, escaped."""
    text = body.decode("utf-8", "backslashreplace")
    return re.sub(
        r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]",
        lambda found: f"\\u{ord(found[0]):04x}",
        text,
    )


def _answered(step: Step, client: Client, headers: dict[str, str], known: Placeholders) -> str:
    more: dict[str, Any] = {}
    if step.body is not None:
        filled = known.fill(_body(step).decode("utf-8", "surrogateescape"))
        more["data"] = filled.encode("utf-8", "surrogateescape")
        more["content_type"] = step.kind
    own = {name: known.fill(value) for name, value in step.headers.items()}
    path = step.path if step.path.startswith("/api/") else ROOT + step.path
    answer: Any = client.generic(step.method, known.fill(path), headers={**headers, **own}, **more)
    body = _collected(answer)
    lines = [f"< {answer.status_code}"]
    for name, value in sorted(answer.headers.items()):
        if name == "Content-Length" and value == str(len(body)):
            value = "of the body"
        if name == "Content-Security-Policy":
            value = _in_order(value)
        lines.append(f"< {name}: {known.hide(value)}")
    if step.drawn:
        body = _undrawn(body)
    lines.append(known.hide(_text(body)))
    return "\n".join(lines)


def _in_order(policy: str) -> str:
    """A policy with its directives in order and without the nonce of this answer."""
    parts = sorted(part.strip() for part in policy.split(";"))
    return re.sub(r"'nonce-[^']+'", "'nonce-...'", "; ".join(parts))


def _collected(answer: Any) -> bytes:
    if not answer.streaming:
        return bytes(answer.content)
    if not answer.is_async:
        return b"".join(answer.streaming_content)

    async def collect() -> bytes:
        return b"".join([piece async for piece in answer.streaming_content])

    return async_to_sync(collect)()


def _undrawn(body: bytes) -> bytes:
    """A simulation without the order of its draw."""
    document = json.loads(body)
    if "candidates" in document:
        del document["primary"], document["fallbacks"]
        document.pop("course", None)
        document["candidates"].sort(key=lambda one: (one["target"] is None, one["target"]))
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
