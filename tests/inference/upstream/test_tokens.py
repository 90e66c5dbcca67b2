"""Access tokens: fetched once however many wait, kept, renewed beside requests, never shown."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from governance.kinds import KINDS
from governance.kinds.auth import Credentials, SignableRequest, Token, TokenRefused, TokenReply
from inference.upstream import Client
from inference.upstream.tokens import TokenCache, TokenUnavailable
from tests.support.upstream import Cut, Json, Upstream


@dataclass(frozen=True)
class ToyAuth:
    fixed: bool = False

    def token_request(self, credentials: Credentials, now: float) -> SignableRequest | None:
        return SignableRequest("POST", f"{credentials.base_url}/token?for=toy")

    def token_of(self, reply: TokenReply, now: float) -> Token:
        if reply.status != 200:
            raise TokenRefused("No token today.")
        found = json.loads(reply.body)
        return Token(found["token"], now + found["life"])

    def sign(self, request: Any, credentials: Any, token: Any, now: float) -> Any:
        return request


TOY = replace(KINDS["openai"], name="toy", auth=ToyAuth())


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def cache(clock: Clock) -> AsyncIterator[TokenCache]:
    client = Client()
    yield TokenCache(client, clock)
    await client.aclose()


def reply(token: str, life: float = 3600.0, delay: float = 0.0) -> Json:
    return Json({"token": token, "life": life}, delay=delay)


async def test_many_wait_for_one_flight(cache: TokenCache) -> None:
    """Also when the one who began it leaves."""
    with Upstream(reply("t-1", delay=0.2)) as upstream:
        credentials = Credentials("key", upstream.base_url)
        waiting = [asyncio.create_task(cache.token(TOY, credentials)) for _ in range(20)]
        await asyncio.sleep(0.05)
        waiting[0].cancel()
        found = await asyncio.gather(*waiting[1:])
        assert {one.value for one in found} == {"t-1"}
        assert (await cache.token(TOY, credentials)).value == "t-1"
    assert [one.path for one in upstream.asked] == ["/v1/token?for=toy"]


async def test_it_is_renewed_before_its_end_beside_the_requests(
    cache: TokenCache, clock: Clock
) -> None:
    with Upstream(reply("t-1", 3600), reply("t-2", 3600)) as upstream:
        credentials = Credentials("key", upstream.base_url)
        assert (await cache.token(TOY, credentials)).value == "t-1"
        clock.now += 3299
        assert (await cache.token(TOY, credentials)).value == "t-1"
        assert len(upstream.asked) == 1
        clock.now += 2
        assert (await cache.token(TOY, credentials)).value == "t-1"  # holds, so nobody waits
        while (await cache.token(TOY, credentials)).value == "t-1":
            await asyncio.sleep(0.01)
        assert len(upstream.asked) == 2


async def test_a_token_that_has_ended_is_never_used(cache: TokenCache, clock: Clock) -> None:
    with Upstream(reply("t-1", 60), Json({}, status=500), reply("t-3", 60)) as upstream:
        credentials = Credentials("key", upstream.base_url)
        await cache.token(TOY, credentials)
        clock.now += 60
        with pytest.raises(TokenUnavailable, match="No token today"):
            await cache.token(TOY, credentials)
        assert (await cache.token(TOY, credentials)).value == "t-3"
    assert len(upstream.asked) == 3


async def test_other_credentials_have_another_token(cache: TokenCache) -> None:
    with Upstream(reply("t-1"), reply("t-2")) as upstream:
        one, two = (Credentials(key, upstream.base_url) for key in ("a", "b"))
        assert (await cache.token(TOY, one)).value == "t-1"
        assert (await cache.token(TOY, two)).value == "t-2"
        assert (await cache.token(TOY, one)).value == "t-1"


async def test_an_endpoint_that_breaks_off_is_told(cache: TokenCache) -> None:
    with Upstream(Cut()) as upstream:
        with pytest.raises(TokenUnavailable, match="did not answer"):
            await cache.token(TOY, Credentials("key", upstream.base_url))


async def test_a_kind_without_tokens_asks_nobody(cache: TokenCache) -> None:
    assert await cache.token(KINDS["openai"], Credentials("key", "http://127.0.0.1:9/v1")) is None
