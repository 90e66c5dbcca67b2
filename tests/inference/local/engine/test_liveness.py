from inference.local.supervision.liveness import Liveness, lifeless, observe

LIMITS = {"unresponsive_after_s": 30.0, "stalled_after_s": 100.0}


def test_a_worker_that_answers_and_steps_is_well() -> None:
    liveness = Liveness(0.0, 0.0)
    for now in range(0, 500, 10):
        liveness = observe(liveness, now=float(now), steps=now, active=1)
        assert lifeless(liveness, now=now + 9.0, **LIMITS) is None


def test_silence_is_a_reason() -> None:
    liveness = observe(Liveness(0.0, 0.0), now=10.0, steps=0, active=0)
    assert lifeless(liveness, now=39.0, **LIMITS) is None
    assert "no sign of life for 30 s" in (lifeless(liveness, now=40.0, **LIMITS) or "")


def test_work_without_steps_or_bytes_is_a_reason() -> None:
    """Standing still counts only while there is something to generate."""
    liveness = Liveness(0.0, 0.0)
    for now in range(0, 200, 10):
        liveness = observe(liveness, now=float(now), steps=5, active=0)
    for now in range(200, 310, 10):
        liveness = observe(liveness, now=float(now), steps=5, active=1)
    assert "generated nothing for 100 s" in (lifeless(liveness, now=300.0, **LIMITS) or "")
    moving = observe(liveness, now=300.0, steps=5, active=1, bytes_at=295.0)
    assert lifeless(moving, now=300.0, **LIMITS) is None
