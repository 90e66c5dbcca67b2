"""A gateway between callers of both protocols and every strict cloud."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from governance.routing.compile import compile_table
from governance.routing.table import Target
from tests.governance.routing.build import compile_regex, profile
from tests.inference.tables import provider, virtual_keys
from tests.service.clouds.azure import Azure, AzureDeployments
from tests.service.clouds.bedrock import BedrockClaude, Converse
from tests.service.clouds.gemini import Gemini
from tests.service.clouds.strict import Strict
from tests.service.clouds.vertex import VertexClaude, VertexGemini
from tests.service.pairs.anthropic_caller import AnthropicCaller
from tests.service.pairs.openai_caller import OpenAICaller
from tests.service.pairs.responses_caller import ResponsesCaller
from tests.service.pairs.talk import Answer, Talk
from tests.support.serving import served

Caller = OpenAICaller | AnthropicCaller | ResponsesCaller

CLOUDS: dict[str, type[Strict]] = {
    "azure": Azure,
    "azure-deployments": AzureDeployments,
    "gemini": Gemini,
    "vertex-gemini": VertexGemini,
    "vertex-claude": VertexClaude,
    "bedrock-claude": BedrockClaude,
    "bedrock-converse": Converse,
}
CALLERS = ("openai", "anthropic", "responses")


@dataclass
class Clouds:
    url: str
    callers: dict[str, Caller]
    providers: dict[str, Strict]

    def ask(self, caller: str, cloud: str, talk: Talk, *, stream: bool) -> Answer:
        return self.callers[caller].ask(talk, f"to-{cloud}/light", stream=stream)


@contextmanager
def clouds() -> Iterator[Clouds]:
    with ExitStack() as stack:
        made = {name: stack.enter_context(cloud()) for name, cloud in CLOUDS.items()}
        rows = [
            provider(name, one.base_url, kind=one.kind, api_key=one.api_key)
            for name, one in made.items()
        ]
        profiles = [
            profile(
                Target(provider=name, model=one.model, virtual_model="light", priority=0),
                virtual_provider=f"to-{name}",
                local_fallback="never",
            )
            for name, one in made.items()
        ]
        table = compile_table(
            profiles=profiles,
            providers=rows,
            virtual_keys=virtual_keys(),
            compile_regex=compile_regex,
        )
        gateway = stack.enter_context(served(table))
        callers: dict[str, Caller] = {
            "openai": OpenAICaller(gateway.url),
            "anthropic": AnthropicCaller(gateway.url),
            "responses": ResponsesCaller(gateway.url),
        }
        yield Clouds(gateway.url, callers, made)
