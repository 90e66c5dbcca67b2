"""The cached answers of this process: live traffic's, where profiles have a cache."""

from __future__ import annotations

import hashlib

from django.conf import settings

from inference.cache.answer_cache import AnswerCache, AnswersBeyond
from inference.cache.answer_memory import AnswerMemory


def _beyond() -> AnswersBeyond | None:
    if not settings.REDIS_URL:
        return None
    # Its client is loaded where it is used alone.
    from inference.cache.redis_answers import RedisAnswers

    return RedisAnswers(settings.REDIS_URL)


answers = AnswerCache(
    AnswerMemory(most_bytes=settings.CACHE_BYTES),
    hashlib.sha256(b"answers:" + settings.SECRET_KEY.encode()).digest(),
    _beyond(),
)
