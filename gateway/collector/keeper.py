"""The collector's end of the socket over which web processes put and ask for kept answers.

A connection a question: JSON up to its end, then the reply. On a thread of its own, since the
collector waits for the database.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar

import msgspec
import structlog

from gateway.collector.kept_answers import KeptAnswers
from governance.socket_path import make_folder
from inference.values.kept_answer import KeptAnswer

log = structlog.get_logger("pointsman.collector")

T = TypeVar("T")

MOST: Final = 128 * 1024 * 1024
"""Bytes of a question."""
PATIENCE: Final = 10.0
"""Seconds a question may take to come in."""
_LOOKS: Final = 6
_LOOK_SECONDS: Final = 0.05
"""What is asked for may be on its way: whoever asks got its id a moment ago."""


class KeeperQuestion(msgspec.Struct):
    about: str
    """`put`, `conversation`, `item`, `fetch` or `delete`."""
    key: str = ""
    id: str = ""
    answer: KeptAnswer | None = None


class KeeperReply(msgspec.Struct):
    found: bool
    items: list[msgspec.Raw] = []
    response: msgspec.Raw = msgspec.Raw(b"null")


_QUESTION: Final = msgspec.json.Decoder(KeeperQuestion)


class KeeperServer:
    """Listens until it is closed."""

    def __init__(self, path: Path, answers: KeptAnswers) -> None:
        self._path = path
        self._answers = answers
        self._ready = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._ending: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name="kept-answers", daemon=True)
        self._thread.start()
        self._ready.wait(5)

    def close(self) -> None:
        if self._loop is not None and self._ending is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(5)
        self._path.unlink(missing_ok=True)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except OSError as error:
            log.error("answers_not_kept", reason=error.strerror)
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        make_folder(self._path.parent)
        self._path.unlink(missing_ok=True)
        server = await asyncio.start_unix_server(self._answer, self._path)
        self._path.chmod(0o600)
        self._ready.set()
        async with server:
            await self._ending.wait()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                question = _QUESTION.decode(await _read(reader))
                writer.write(msgspec.json.encode(await self._reply(question)))
                await writer.drain()
        except (OSError, TimeoutError, msgspec.MsgspecError):
            pass
        finally:
            writer.close()

    async def _reply(self, question: KeeperQuestion) -> KeeperReply:
        answers, key, name = self._answers, question.key, question.id
        if question.about == "put":
            if question.answer is not None:
                answers.put(question.answer)
            return KeeperReply(question.answer is not None)
        if question.about == "conversation":
            found = await _awaited(lambda: answers.conversation(key, name))
            return KeeperReply(found is not None, found or [])
        if question.about == "item":
            item = await _awaited(lambda: answers.item(key, name))
            return KeeperReply(item is not None, [item] if item is not None else [])
        answer = await _awaited(lambda: answers.get(key, name))
        if answer is None:
            return KeeperReply(False)
        if question.about == "delete":
            return KeeperReply(answers.delete(key, name))
        return KeeperReply(True, answer.input, answer.response)


async def _awaited(look: Callable[[], T | None]) -> T | None:
    found = look()
    for _ in range(_LOOKS):
        if found is not None:
            break
        await asyncio.sleep(_LOOK_SECONDS)
        found = look()
    return found


async def _read(reader: asyncio.StreamReader) -> bytes:
    parts, size = [], 0
    while part := await reader.read(256 * 1024):
        parts.append(part)
        size += len(part)
        if size > MOST:
            raise OSError("too large")
    return b"".join(parts)
