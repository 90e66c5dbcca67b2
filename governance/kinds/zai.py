"""Z.ai. Source: its API reference, "Errors": the code inside tells, not the status."""

from __future__ import annotations

from governance.kinds.compatible import CHAT, cloud
from governance.kinds.failure_words import (
    BAD_KEY,
    CONTENT_FILTER,
    NO_CREDIT,
    OVERLOADED,
    RATE_LIMITED,
    TOO_LONG,
    UNKNOWN_MODEL,
    FailureWords,
)
from governance.kinds.kind import Preset
from governance.kinds.model_rules import Fix, ModelRule


def _codes(like: FailureWords, *codes: int, status: int | None = None) -> FailureWords:
    marks = (rf"(?m:^(?:{'|'.join(map(str, codes))})$)",)
    statuses = frozenset({400, 401, 403, 404, 429, 434, 500})
    return FailureWords(
        like.outcome,
        like.code,
        like.message,
        marks,
        statuses,
        status=status or like.status,
        opaque=like.opaque,
    )


KIND = cloud(
    "zai",
    "Z.ai",
    "https://api.z.ai/api/paas/v4",
    request_types=CHAT,
    price_seller="zai",
    words=(
        _codes(BAD_KEY, 1000, 1001, 1002, 1003, 1004, 1110, 1111, 1112, 1121),
        _codes(NO_CREDIT, 1113, 1309),
        _codes(UNKNOWN_MODEL, 1211, 1220, 1221, 1222, 1311),
        _codes(TOO_LONG, 1261),
        _codes(CONTENT_FILTER, 1301, status=400),
        _codes(RATE_LIMITED, 1302, 1303, 1304, 1308, 1310, 1313),
        _codes(OVERLOADED, 1305, 1312, 1234),
    ),
    model_rules=(ModelRule(r"", (Fix("role", "system"), Fix("highest_temperature", "1"))),),
    presets=(
        Preset("Z.ai", "zai", "https://api.z.ai/api/paas/v4"),
        Preset("Z.ai Coding Plan", "zai-coding", "https://api.z.ai/api/coding/paas/v4"),
    ),
)
