"""The built-in engine: MLX models in processes of this installation."""

from governance.kinds.engine_words import ENGINE_WORDS
from governance.kinds.failure_words import SHARED
from governance.kinds.kind import ProviderKind

KIND = ProviderKind(
    name="mlx",
    label="MLX on this machine",
    help="The built-in engine. It has no base URL and no API key.",
    rank=10,
    protocol="openai",
    request_types=frozenset({"chat", "messages", "responses", "completions"}),
    engine=True,
    runtime="mlx",
    failure_words=(*ENGINE_WORDS, *SHARED),
    counts_tokens=True,
    base_url="forbidden",
    priority_header="x-pointsman-priority",
    first_event_of_whole_answers=False,
    preferred_locally=True,
    tells_progress=True,
)
