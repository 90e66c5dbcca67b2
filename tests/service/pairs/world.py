"""The gateway on a real port between callers of both protocols and scripted providers of both."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import httpx

from governance.routing.compile import compile_table
from governance.routing.table import RoutingTable, Target
from inference.dispatch.health import HealthBook
from tests.governance.routing.build import compile_regex, profile
from tests.inference.tables import provider, virtual_keys
from tests.service.pairs.anthropic_caller import AnthropicCaller
from tests.service.pairs.anthropic_script import AnthropicScript
from tests.service.pairs.openai_caller import OpenAICaller
from tests.service.pairs.openai_script import OpenAIScript
from tests.service.pairs.responses_caller import ResponsesCaller
from tests.service.pairs.talk import Answer, Talk
from tests.support.serving import Served, served
from tests.support.upstream import Asked, Reply, Upstream

Caller = OpenAICaller | AnthropicCaller | ResponsesCaller
Script = OpenAIScript | AnthropicScript

PROTOCOLS = ("openai", "anthropic")
CALLERS = (*PROTOCOLS, "responses")
"""OpenAI has two chat APIs."""
PAIRS = tuple((caller, upstream) for caller in CALLERS for upstream in PROTOCOLS)
HTTP = httpx.Client(timeout=10)
"""For what SDKs hide. One for all: making one takes longer than most requests."""
SCRIPTS: dict[str, Script] = {"openai": OpenAIScript(), "anthropic": AnthropicScript()}


class Provider(Upstream):
    """A scripted provider that is given a new script for every test."""

    def script(self, *replies: Reply | Callable[[Asked], Reply]) -> None:
        self.replies = list(replies)
        self.asked: list[Asked] = []
        self._served = 0


@dataclass
class Translator:
    """A caller of one protocol and a provider of one, with the gateway between them."""

    caller: Caller
    script: Script
    provider: Provider
    gateway: Served
    model: str

    def says(self, *answers: Answer, stream: bool) -> None:
        """What the provider answers, one request after the other."""
        self.provider.script(*(self.script.reply(answer, stream=stream) for answer in answers))

    def ask(self, talk: Talk, *, stream: bool, mode: str) -> Answer:
        if mode == "sync":
            return self.caller.ask(talk, self.model, stream=stream)
        return asyncio.run(self.caller.ask_async(talk, self.model, stream=stream))

    @property
    def heard(self) -> Talk:
        """The last request as the provider understood it."""
        return self.script.heard(self.provider.asked[-1].body).plain()


@dataclass
class World:
    gateway: Served
    callers: dict[str, Caller]
    providers: dict[str, Provider]

    def fresh(self) -> None:
        """Whatever was held against a provider is forgotten, so that chains keep their order."""
        vars(self.gateway.book).update(vars(HealthBook(rng=random.Random(1))))

    def pair(self, caller: str, upstream: str) -> Translator:
        return Translator(
            self.callers[caller],
            SCRIPTS[upstream],
            self.providers[upstream],
            self.gateway,
            f"to-{upstream}/light",
        )


def table(
    *chains: tuple[str, ...],
    providers: Mapping[str, Upstream],
    kinds: Mapping[str, str] = MappingProxyType({}),
    **more: Any,
) -> RoutingTable:
    """A profile for each chain of providers: `to-<names>/light`.

    A provider is of the kind it is named after, unless `kinds` says otherwise.
    """
    rows = [
        provider(name, one, kind=kinds.get(name, name), **more) for name, one in providers.items()
    ]
    profiles = [
        profile(
            *(
                Target(provider=name, model=f"{name}-model", virtual_model="light", priority=place)
                for place, name in enumerate(names)
            ),
            virtual_provider=f"to-{'-'.join(names)}",
            local_fallback="never",
            retries=0,
        )
        for names in chains
    ]
    return compile_table(
        profiles=profiles, providers=rows, virtual_keys=virtual_keys(), compile_regex=compile_regex
    )


@contextmanager
def world(*, heartbeat: float = 15.0, **more: Any) -> Iterator[World]:
    """`more` are fields of both providers."""
    with Provider() as openai, Provider() as anthropic:
        providers = {"openai": openai, "anthropic": anthropic}
        chains = (("openai",), ("anthropic",), ("openai", "anthropic"), ("anthropic", "openai"))
        routing = table(*chains, providers=providers, **more)
        with served(routing, heartbeat=heartbeat) as gateway:
            callers: dict[str, Caller] = {
                "openai": OpenAICaller(gateway.url),
                "anthropic": AnthropicCaller(gateway.url),
                "responses": ResponsesCaller(gateway.url),
            }
            yield World(gateway, callers, providers)
