"""MLX: model folders with a config.json and safetensors."""

from __future__ import annotations

import argparse
from typing import Any, NoReturn

import mlx.core as mx

from inference.local.assembly import assemble as assemble_service
from inference.local.loading import Progress
from inference.local.pooling import serves_other
from inference.local.service import Service


class MlxModel:
    """The service, whose thread gives MLX's streams back at its end."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.chat, self.completion, self.count = service.chat, service.completion, service.count
        self.stop = service.scheduler.stop
        self.name = service.facts.name
        self.context_length = service.facts.context_length

    async def embed(self, raw: bytes, rank: int) -> NoReturn:
        raise serves_other(self.name, "runs on MLX, which gives no embeddings here")

    async def rerank(self, raw: bytes, rank: int) -> NoReturn:
        raise serves_other(self.name, "runs on MLX, which ranks nothing here")

    @property
    def stats(self) -> Any:
        return self.service.scheduler.stats

    def run(self) -> None:
        try:
            self.service.scheduler.run()
        finally:
            # Streams that outlive their thread abort the process at its end.
            mx.clear_streams()


def assemble(options: argparse.Namespace, progress: Progress) -> tuple[MlxModel, dict[str, Any]]:
    """The model, once it has generated a token."""
    service, ready = assemble_service(options, progress)
    return MlxModel(service), ready
