"""Who is measured: the mock directly, the reference, this service, any other gateway."""

from __future__ import annotations

import http.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks import asks
from benchmarks.cases import Case
from benchmarks.programs import Expected, Shot


class WrongAnswer(Exception):
    """A subject answered wrongly; says what came."""


@dataclass
class Subject:
    """An address that answers chat requests."""

    name: str
    port: int
    address: str = "127.0.0.1"
    pids: Sequence[int] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    """Beside those of every request."""

    def path(self, case: Case) -> str:
        """Where to ask. The direct way, which the reference relays unchanged."""
        return case.route.base_path + asks.PATHS[case.route.protocol]

    def protocol(self, case: Case) -> str:
        return case.route.protocol

    def keys_and_models(self, case: Case) -> list[tuple[str, str]]:
        """The API key and the model of each request, taken in turn."""
        return [("sk-direct", "mock-model")]

    def takes(self, case: Case) -> bool:
        return True

    def shot(self, case: Case) -> Shot:
        """The case as a load on this subject, checked by hand first. Raises `WrongAnswer`."""
        protocol = self.protocol(case)
        requests = []
        bodies: list[bytes] = []
        for key, model in self.keys_and_models(case):
            head = {**asks.headers(protocol, key), **self.headers}
            body = asks.body(protocol, model, stream=case.stream, prompt_bytes=case.prompt_bytes)
            host = f"{self.address}:{self.port}"
            requests.append(asks.request(host, self.path(case), head, body))
            if len(bodies) < 2:
                bodies.append(self._ask(case, head, body))
        if len(bodies) < 2:
            bodies.append(self._ask(case, head, body))
        expected = Expected.of(*bodies)
        return Shot(
            self.address, self.port, requests, expected, case.callers, case.each, case.spread
        )

    def _ask(self, case: Case, head: dict[str, str], body: bytes) -> bytes:
        connection = http.client.HTTPConnection(self.address, self.port, timeout=120)
        try:
            connection.request("POST", self.path(case), body, head)
            answer = connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise WrongAnswer(f"{self.name}, {case.name}: {error!r}") from error
        finally:
            connection.close()
        if answer.status != 200:
            raise WrongAnswer(f"{self.name}, {case.name}: {answer.status} {content[:300]!r}")
        problem = asks.problem_with(content, self.protocol(case), case.route, stream=case.stream)
        if problem is not None:
            raise WrongAnswer(f"{self.name}, {case.name}: {problem}")
        return content


@dataclass
class Gateway(Subject):
    """This service: asked for a virtual model, in the caller's protocol."""

    key: str = field(default="", repr=False)

    def path(self, case: Case) -> str:
        return "/v1" + asks.PATHS[case.protocol]

    def protocol(self, case: Case) -> str:
        return case.protocol

    def keys_and_models(self, case: Case) -> list[tuple[str, str]]:
        return [(self.key, f"{case.profile}/bench")]


@dataclass
class CrowdedGateway(Gateway):
    """This service with many keys and profiles, of which requests use as many as they can."""

    pairs: list[tuple[str, str]] = field(default_factory=list, repr=False)

    def keys_and_models(self, case: Case) -> list[tuple[str, str]]:
        return self.pairs


@dataclass
class Rival(Subject):
    """Another gateway whose `model` leads to the mock's route `openai-64`."""

    base_path: str = "/v1"
    key: str = field(default="", repr=False)
    model: str = "mock-model"

    def path(self, case: Case) -> str:
        return self.base_path + asks.PATHS["openai"]

    def keys_and_models(self, case: Case) -> list[tuple[str, str]]:
        return [(self.key, self.model)]

    def takes(self, case: Case) -> bool:
        return case.profile == "v-plain" and case.protocol == "openai"
