"""The built-in engine's other runtime: llama.cpp, for GGUF files on any CPU."""

from governance.kinds.engine_words import ENGINE_WORDS
from governance.kinds.failure_words import SHARED
from governance.kinds.kind import ProviderKind

KIND = ProviderKind(
    name="llama_cpp",
    label="llama.cpp on this machine",
    help="The built-in engine, for GGUF files. It has no base URL and no API key.",
    rank=15,
    protocol="openai",
    request_types=frozenset(
        {"chat", "messages", "responses", "completions", "embeddings", "rerank"}
    ),
    failure_words=(*ENGINE_WORDS, *SHARED),
    engine=True,
    runtime="llama_cpp",
    counts_tokens=True,
    base_url="forbidden",
    priority_header="x-pointsman-priority",
    first_event_of_whole_answers=False,
    preferred_locally=True,
    tells_progress=True,
)
