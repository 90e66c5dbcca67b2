"""What the built-in engine says when another target may do what its model does not."""

from governance.kinds.failure_words import FailureWords

ENGINE_WORDS = (
    FailureWords(
        "unfit",
        "model_serves_other",
        "The local model is not made for this kind of request.",
        (r"\bmodel_serves_other\b",),
    ),
    FailureWords(
        "unfit",
        "unsupported_schema",
        "The local model cannot be held to the schema.",
        (r"\bunsupported_schema\b",),
    ),
)
