"""The Gemini API, by Google's own `generateContent`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from governance.kinds.auth import KeyHeader
from governance.kinds.compatible import CHAT
from governance.kinds.failure_words import SHARED, FailureWords
from governance.kinds.kind import Preset, Probe, ProviderKind

HI: Mapping[str, Any] = {
    "contents": [{"role": "user", "parts": [{"text": "Hi"}]}],
    "generationConfig": {"maxOutputTokens": 1},
}
WORDS = (
    FailureWords(
        "misconfigured",
        "not_offered_here",
        "The provider does not serve this gateway's account or place.",
        (r"User location is not supported|SERVICE_DISABLED|API has not been used in project",),
        frozenset({400, 403}),
        opaque=True,
    ),
    FailureWords(
        "unfit",
        "unsupported_feature",
        "The provider's model cannot do what the request asks for.",
        (
            r"Function calling is not enabled|is not enabled for (?:this model|models/)",
            r"(?:image|audio|video|pdf) input modality is not enabled",
            r"Thinking level .{0,40}not supported|thinking is not supported",
        ),
        frozenset({400}),
    ),
    *SHARED,
)


def _question(model: str) -> tuple[str, Mapping[str, Any]]:
    return f"/models/{quote(model.removeprefix('models/'), safe='')}:generateContent", HI


KIND = ProviderKind(
    name="gemini",
    label="Gemini",
    help="Google's Gemini API in its own protocol, which keeps what its models thought.",
    rank=53,
    protocol="gemini",
    request_types=CHAT,
    auth=KeyHeader("x-goog-api-key", ""),
    probe=Probe(
        question=_question,
        answer_field="candidates",
        models_path="/models?pageSize=1000",
        models_field="models",
        model_name="name",
        name_after="models/",
    ),
    price_seller="google",
    failure_words=WORDS,
    presets=(
        Preset("Gemini", "gemini", "https://generativelanguage.googleapis.com/v1beta", rank=7),
    ),
)
