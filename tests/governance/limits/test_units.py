"""Sound, images and characters: held while a request runs, counted, and summed by the ledger."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from governance.interactions.ledger import add_up
from governance.interactions.limit_use import used_in_ledger
from governance.limits.counting.admission import Exceeded, Lease, admit, settle
from governance.limits.counting.counter import Counter
from governance.limits.limit import LimitEntry
from governance.limits.windows import Window
from governance.limits.words import amount_words
from governance.models import UsageBucket
from inference.dispatch.consumption import consumption
from inference.dispatch.limit_answers import document_of
from inference.endpoints import image_generations, speech, transcriptions
from inference.record.describe import describe
from inference.values.usage import Usage, with_units
from tests.governance.interactions.request_contexts import attempt, request_context

MEASURES = ("audio_seconds", "images", "characters")


def limit(measure: str, amount: float = 10.0) -> LimitEntry:
    return LimitEntry(1, "l", measure=measure, amount=amount, window="day")


def used(**units: float) -> Usage:
    found = with_units(Usage(), **units)
    assert found is not None
    return found


@pytest.mark.parametrize("measure", MEASURES)
def test_it_works(measure: str) -> None:
    counter = Counter(limit(measure), "", 0.0)
    whole = consumption(used(**{measure: 6.5}), None)
    lease = admit([counter], whole, whole, 0.0)
    assert isinstance(lease, Lease)
    assert isinstance(admit([counter], whole, whole, 0.0), Exceeded)
    settle(lease, [consumption(used(**{measure: 2.25}), 0.0)], 1.0)
    told = document_of(counter)
    assert (told["amount"], told["used"], told["remaining"]) == (10, 2.25, 7.75)


def test_what_requests_say_they_will_use() -> None:
    def asked(parse: Any, **fields: Any) -> Any:
        return parse(msgspec.json.encode(fields), {}).units

    assert asked(image_generations.parse, prompt="a cat", n=3) == {"images": 3}
    assert asked(image_generations.parse, prompt="a cat", n=True) == {"images": 1}
    assert asked(image_generations.parse, prompt="a cat") == {"images": 1}
    assert asked(speech.parse, input="hello", voice="alloy") == {"characters": 5}
    boundary = b"x"
    form = b'--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n.\r\n--x--\r\n'
    headers = {b"content-type": b"multipart/form-data; boundary=" + boundary}
    assert transcriptions.ENDPOINT.parse(form, headers).units == {"audio_seconds": 1.0}


@pytest.mark.django_db
def test_the_ledger_sums_them() -> None:
    usage = used(audio_seconds=1.5004, images=2, characters=7)
    record = describe(request_context(attempts=[attempt(usage=usage)], usage=usage))
    (bucket,) = add_up([record, record]).values()
    assert (bucket.audio_milliseconds, bucket.images, bucket.characters) == (3000, 4, 14)
    start = datetime(2026, 11, 28, tzinfo=UTC)
    UsageBucket.objects.create(start=start, provider="a", audio_milliseconds=2500, images=3)
    whole = Window(0.0, float("inf"))
    sound = limit("audio_seconds")
    assert used_in_ledger(sound, whole) == 2500
    assert amount_words(sound, 2500) == "2.5 seconds of sound"
    assert used_in_ledger(limit("images"), whole) == 3
