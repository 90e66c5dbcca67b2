"""An `mlx_lm.server`, on this machine or another Mac."""

from governance.kinds.kind import Preset, ProviderKind
from governance.kinds.locality import is_private

KIND = ProviderKind(
    name="mlx_server",
    label="mlx_lm.server",
    help="A server of the mlx-lm package at an address of its own.",
    rank=20,
    protocol="openai",
    dialect="mlx_server",
    request_types=frozenset({"chat", "messages", "responses", "completions"}),
    # Its listen backlog is 5: more than 8 at a time would see resets.
    most_concurrent=8,
    first_event_of_whole_answers=False,
    stays=is_private,
    preferred_locally=True,
    presets=(
        Preset("mlx_lm.server", "mlx-server", "http://127.0.0.1:8080/v1", is_local=True, rank=20),
    ),
    formerly="mlx",
)
