"""One request's way to its worker and the answer's way back."""

import asyncio
from typing import Any

import msgspec

from inference.local.engine import sse
from inference.local.engine.errors import EngineError, invalid, unavailable, worker_died
from inference.local.engine.reply import EngineReply, passed_on
from inference.local.engine.slot import Slot
from inference.local.engine.supervisor import WorkerSupervisor
from inference.local.supervision.state import Phase
from inference.local.worker_client import WorkerClient
from inference.upstream import ConnectFailed, UpstreamError
from inference.upstream import Reply as WorkerReply

_ATTEMPTS = 3
_ANSWER_LIMIT = 64 * 1024 * 1024
"""Bytes of a whole answer of a worker."""


class _Fields(msgspec.Struct):
    """The two fields the engine reads; the worker judges everything else."""

    model: Any = None
    stream: Any = False


_decoder = msgspec.json.Decoder(_Fields)


def read_fields(body: bytes) -> tuple[str, bool]:
    """Model and stream flag. Raises EngineError 400."""
    try:
        fields = _decoder.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise invalid(f"The body is not a JSON object: {error}.") from error
    if not isinstance(fields.model, str) or not fields.model:
        raise invalid("'model' must be the name of a model.", "model")
    return fields.model, fields.stream is True


class Relay:
    """A request for one model; `headers` have lower-case names."""

    def __init__(
        self,
        supervisor: WorkerSupervisor,
        reply: EngineReply,
        path: bytes,
        headers: list[tuple[bytes, bytes]],
        body: bytes,
    ) -> None:
        self._supervisor = supervisor
        self._reply = reply
        self._path = path
        self._headers = passed_on(headers)
        self._body = body

    async def run(self) -> None:
        """Answer the request, whatever happens. Cancelling cancels it in the worker too."""
        try:
            name, self._stream = read_fields(self._body)
            with self._supervisor.lease(name) as slot:
                worker, response = await self._send(slot)
                try:
                    await self._hand_on(slot, response)
                except UpstreamError:
                    reason = await self._supervisor.obituary(slot, worker)
                    raise worker_died(reason) from None
                finally:
                    # For the worker a closed connection is the sign to cancel the request.
                    response.abort()
        except EngineError as error:
            await self._reply.fail(error)

    async def _send(self, slot: Slot) -> tuple[WorkerClient, WorkerReply]:
        for _ in range(_ATTEMPTS):
            worker = await self._loaded(slot)
            try:
                return worker, await worker.send(b"POST", self._path, self._headers, self._body)
            except ConnectFailed:
                # It died and the news is still on its way; its successor will do.
                await self._supervisor.obituary(slot, worker)
            except UpstreamError:
                raise worker_died(await self._supervisor.obituary(slot, worker)) from None
        message = f"The worker of the model '{slot.name}' does not take requests."
        raise unavailable("worker_unreachable", message, 1)

    async def _loaded(self, slot: Slot) -> WorkerClient:
        """Wait for the model; a streaming caller is told meanwhile that it loads."""
        every = self._supervisor.settings.timings.comment_every if self._stream else None
        waiting = asyncio.ensure_future(self._supervisor.ready(slot))
        try:
            while not (await asyncio.wait({waiting}, timeout=every))[0]:
                await self._reply.begin_stream()
                await self._reply.write(sse.comment(_progress(slot)))
            return waiting.result()
        finally:
            waiting.cancel()

    async def _hand_on(self, slot: Slot, response: WorkerReply) -> None:
        media_type = response.header(b"content-type") or b""
        if response.status != 200 or not media_type.startswith(b"text/event-stream"):
            await self._hand_on_whole(response, await response.read_all(_ANSWER_LIMIT))
            return
        await self._reply.begin_stream(passed_on(response.headers))
        whole = sse.WholeEvents()
        while piece := await response.read():
            slot.bytes_at = self._supervisor.fleet.clock()
            await self._reply.write(whole.feed(piece))
        await self._reply.write(whole.rest())
        await self._reply.finish()

    async def _hand_on_whole(self, response: WorkerReply, body: bytes) -> None:
        if self._reply.started:  # with comments: the status is spent, only the body still fits
            await self._reply.write(sse.event(b" ".join(body.split(b"\n"))))
            await self._reply.finish()
        else:
            await self._reply.whole(response.status, passed_on(response.headers), body)


def _progress(slot: Slot) -> str:
    if slot.state.phase is Phase.LOADING:
        return f"loading {slot.state.progress:.0%}"
    return "waiting for memory" if slot.waiting_for_room else "waiting for the model"
