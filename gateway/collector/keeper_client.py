"""A web process's way to the answers that the collector keeps."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

import msgspec
import structlog
from django.conf import settings

from gateway.collector.keeper import KeeperQuestion, KeeperReply
from gateway.collector.places import places
from inference.values.kept_answer import Keeper, KeeperAway, KeptAnswer

log = structlog.get_logger("pointsman.keeper")

PATIENCE: Final = 5.0
"""Seconds."""
_REPLY: Final = msgspec.json.Decoder(KeeperReply)


class KeeperClient:
    """Asks over a connection of its own each time, which is quick on a Unix socket."""

    def __init__(self, path: Path, *, by_default: bool) -> None:
        self._path = path
        self.by_default = by_default
        self._putting: set[asyncio.Task[None]] = set()

    def put(self, answer: KeptAnswer) -> None:
        task = asyncio.get_running_loop().create_task(self._put(answer))
        self._putting.add(task)
        task.add_done_callback(self._putting.discard)

    async def conversation(self, key: str, name: str) -> list[msgspec.Raw] | None:
        reply = await self._ask(KeeperQuestion("conversation", key, name))
        return reply.items if reply.found else None

    async def item(self, key: str, name: str) -> msgspec.Raw | None:
        reply = await self._ask(KeeperQuestion("item", key, name))
        return reply.items[0] if reply.found else None

    async def fetch(self, key: str, name: str) -> tuple[msgspec.Raw, list[msgspec.Raw]] | None:
        reply = await self._ask(KeeperQuestion("fetch", key, name))
        return (reply.response, reply.items) if reply.found else None

    async def delete(self, key: str, name: str) -> bool:
        return (await self._ask(KeeperQuestion("delete", key, name))).found

    async def _put(self, answer: KeptAnswer) -> None:
        try:
            await self._ask(KeeperQuestion("put", answer=answer))
        except KeeperAway:
            log.warning("answer_not_kept")

    async def _ask(self, question: KeeperQuestion) -> KeeperReply:
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await asyncio.open_unix_connection(self._path)
                try:
                    writer.write(msgspec.json.encode(question))
                    writer.write_eof()
                    return _REPLY.decode(await reader.read(-1))
                finally:
                    writer.close()
        except (OSError, TimeoutError, msgspec.MsgspecError):
            raise KeeperAway from None


def keeper() -> Keeper | None:
    """As the settings are; None where nothing is kept."""
    if not settings.KEPT_RESPONSES_BYTES:
        return None
    return KeeperClient(places().keeper, by_default=settings.KEEP_RESPONSES)
