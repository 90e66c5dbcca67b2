"""What the built-in engine says when another target may do what its model does not."""

from governance.kinds.failure_words import FailureWords

SERVES_OTHER = FailureWords(
    "unfit",
    "model_serves_other",
    "The local model is not made for this kind of request.",
    (r"\bmodel_serves_other\b",),
)
"""A chat model asked for embeddings, or one for embeddings asked to chat."""
ENGINE_WORDS = (
    SERVES_OTHER,
    FailureWords(
        "unfit",
        "unsupported_schema",
        "The local model cannot be held to the schema.",
        (r"\bunsupported_schema\b",),
    ),
)
