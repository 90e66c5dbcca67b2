"""What happens by the clock: idle models go, and ready workers are asked whether they live."""

import asyncio
import math

import msgspec

from inference.local.engine.fleet import Fleet, logger
from inference.local.engine.slot import Slot, WorkerHealth
from inference.local.supervision import state
from inference.local.supervision.liveness import lifeless, observe
from inference.local.supervision.state import Phase
from inference.local.worker_client import WorkerClient
from inference.upstream import UpstreamError

_HEALTH_LIMIT = 65_536
"""Bytes of a worker's answer; it is a few hundred."""
_decoder = msgspec.json.Decoder(WorkerHealth)


async def keep_house(fleet: Fleet) -> None:
    """Runs until it is cancelled."""
    while True:
        await asyncio.sleep(fleet.settings.timings.tick)
        now = fleet.clock()
        for slot in fleet.slots.values():
            try:
                look_after(fleet, slot, now)
            except Exception:
                # Whatever is wrong with one model, the others go on being looked after.
                logger.exception("cannot look after the model %s", slot.name)


def look_after(fleet: Fleet, slot: Slot, now: float) -> None:
    """End the model's worker if it is idle or lifeless, and see to its next health check."""
    timings = fleet.settings.timings
    if slot.state.phase is Phase.LOADING:
        if now - slot.heard_at >= timings.load_stalled_after:
            seconds = timings.load_stalled_after
            fleet.doom(slot, f"The worker said nothing for {seconds:.0f} s while it was loading.")
        return
    if slot.state.phase is not Phase.READY:
        return
    if _idle(fleet, slot, now):
        fleet.stop(slot)
        return
    reason = lifeless(
        slot.liveness,
        now=now,
        unresponsive_after_s=timings.unresponsive_after,
        stalled_after_s=timings.stalled_after,
    )
    if reason is not None:
        fleet.doom(slot, reason)
    elif now >= slot.next_health_at:
        slot.next_health_at = math.inf  # one check at a time
        fleet.background(_check(fleet, slot))


async def ask_health(fleet: Fleet, slot: Slot, timeout_s: float) -> None:
    """Bring the slot's health and memory up to date; a worker that is silent leaves them as is."""
    pool = slot.pool
    if pool is None:
        return
    try:
        async with asyncio.timeout(timeout_s):
            health = _decoder.decode(await _answer(pool))
    except (UpstreamError, TimeoutError, msgspec.MsgspecError):
        return
    if slot.pool is not pool:
        return
    slot.health = health
    slot.liveness = observe(
        slot.liveness,
        now=fleet.clock(),
        steps=health.steps,
        active=health.active,
        bytes_at=slot.bytes_at,
    )
    if health.memory_bytes:
        fleet.apply(slot, state.remeasured(slot.state, health.memory_bytes))
        fleet.trim()


async def _answer(pool: WorkerClient) -> bytes:
    reply = await pool.send(b"GET", b"/health")
    try:
        return await reply.read_all(_HEALTH_LIMIT)
    finally:
        reply.abort()


async def _check(fleet: Fleet, slot: Slot) -> None:
    starts = slot.state.starts
    await ask_health(fleet, slot, fleet.settings.timings.health_timeout)
    if slot.state.starts == starts:
        slot.next_health_at = fleet.clock() + fleet.settings.timings.health_every


def _idle(fleet: Fleet, slot: Slot, now: float) -> bool:
    limit = fleet.settings.idle_timeout_s
    since = max(slot.last_used or 0.0, slot.state.ready_at or 0.0)
    return bool(limit) and slot.users == 0 and now - since >= limit
