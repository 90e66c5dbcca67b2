"""Where web processes and the collector of a node meet."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from django.conf import settings

from governance.socket_path import bindable


class Places(NamedTuple):
    node: str
    segments: Path
    """Of the append-only log: written by web processes, followed and removed by the collector."""
    day_files: Path
    published: Path
    """What the collector tells everybody: its status and the metrics."""
    socket: Path
    """Where web processes send their gauges."""
    repairs: Path
    """What web processes have learned of their providers, as the collector keeps it."""
    models: Path
    """Folders of the engine's models."""

    @property
    def health(self) -> Path:
        """How providers fare in all processes of the node, as the collector keeps it."""
        return self.published / "health.json"

    @property
    def seats(self) -> Path:
        """Where they share what providers may be sent at a time."""
        return self.published / "seats"

    @property
    def limits_socket(self) -> Path:
        """Where they tell what they use of limits, and beside it each hears of the others."""
        return self.socket.with_name("limits.sock")

    @property
    def keeper(self) -> Path:
        """Where they put and ask for answers that are kept."""
        return self.socket.with_name("keeper.sock")


def places() -> Places:
    """As the settings are now."""
    data, node = Path(settings.DATA_DIR), settings.NODE_NAME
    published = data / "run" / "collector" / node
    return Places(
        node=node,
        segments=data / "segments" / node,
        day_files=Path(settings.INTERACTION_LOG_DIR),
        published=published,
        socket=bindable(published / "gauges.sock"),
        repairs=published / "repairs.json",
        models=Path(settings.MODELS_DIR),
    )
