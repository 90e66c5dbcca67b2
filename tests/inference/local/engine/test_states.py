"""The state machine of one model, against every order of events."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from inference.local.supervision import state
from inference.local.supervision.restarts import RestartPolicy
from inference.local.supervision.state import ModelState, Phase, WorkerFacts

POLICY = RestartPolicy()
FACTS = WorkerFacts(memory_bytes=10)

EVENTS = st.sampled_from(
    ["wanted", "restart_due", "advanced", "ready", "remeasured", "stop", "refused", "death", "fail"]
)


def after(event: str, now: float, before: ModelState, rng: Random) -> ModelState:
    match event:
        case "wanted":
            return state.wanted(before, now)
        case "restart_due":
            return state.restart_due(before, now)
        case "advanced":
            return state.advanced(before, 1.5, "reading")
        case "ready":
            return state.became_ready(before, FACTS, now)
        case "remeasured":
            return state.remeasured(before, 20)
        case "stop":
            return state.begin_stop(before)
        case "refused":
            return state.refused(before, "no", now)
    # A process can only end when there is one.
    if not before.has_process:
        return before
    return state.ended(before, "it died", event == "fail", now, POLICY, rng)


@given(st.lists(st.tuples(EVENTS, st.floats(0, 100)), max_size=60), st.integers(0, 99))
def test_any_order_of_events_keeps_one_process(events: list[tuple[str, float]], seed: int) -> None:
    """A process is started exactly when there is none, never before its backoff has passed."""
    rng = Random(seed)
    now, current = 0.0, ModelState()
    for event, seconds in events:
        now += seconds
        before, current = current, after(event, now, current, rng)
        started = current.starts - before.starts
        assert started in (0, 1)
        if started:
            assert current.phase is Phase.LOADING
            assert event in ("death", "fail") or not before.has_process
            if before.phase is Phase.FAILED:
                assert now >= before.retry_at
        elif current.has_process:
            assert before.has_process, f"{event} made a process out of nothing"
        assert 0.0 <= current.progress <= 1.0
        assert (current.phase is Phase.FAILED) == bool(current.reason and not current.has_process)
        assert current.restarts <= current.starts
        assert (current.ready_at is not None) == (
            current.phase is Phase.READY
            or (current.phase is Phase.STOPPING and before.ready_at is not None)
        )


@given(st.lists(st.tuples(EVENTS, st.floats(0, 100)), max_size=40))
def test_a_stop_and_the_process_end_always_lead_to_not_loaded(
    events: list[tuple[str, float]],
) -> None:
    rng = Random(0)
    now, current = 0.0, ModelState()
    for event, seconds in events:
        now += seconds
        current = after(event, now, current, rng)
    current = state.begin_stop(current)
    if current.has_process:
        current = state.ended(current, "SIGTERM", False, now, POLICY, rng)
    assert current.phase is Phase.NOT_LOADED
    assert (current.deaths, current.reason) == (0, "")


def ready_at(now: float) -> ModelState:
    return state.became_ready(state.wanted(ModelState(), now), FACTS, now)


def test_the_first_death_restarts_at_once() -> None:
    died = state.ended(ready_at(0), "killed", False, 1.0, POLICY, Random(0))
    assert (died.phase, died.restarts, died.starts) == (Phase.LOADING, 1, 2)


def test_repeated_deaths_wait_and_then_give_up() -> None:
    """Waits lie within the policy's bounds; past `automatic` deaths only a request restarts."""
    current, now = ready_at(0), 0.0
    for deaths in range(1, POLICY.automatic + 3):
        current = state.ended(current, "killed", False, now, POLICY, Random(deaths))
        if deaths == 1:
            continue
        assert now <= current.retry_at <= now + POLICY.longest_delay(deaths)
        assert current.restarts_itself == (deaths <= POLICY.automatic)
        assert state.wanted(current, current.retry_at - 0.001).phase is Phase.FAILED
        now = current.retry_at
        current = state.wanted(current, now)


def test_a_death_after_long_service_counts_as_the_first() -> None:
    current = state.ended(ready_at(0), "killed", False, 1.0, POLICY, Random(0))
    current = state.became_ready(current, FACTS, 2.0)
    stable = 2.0 + POLICY.stable_after_s
    assert state.ended(current, "x", False, stable - 1, POLICY, Random(0)).phase is Phase.FAILED
    assert state.ended(current, "x", False, stable, POLICY, Random(0)).phase is Phase.LOADING


def test_a_worker_that_says_why_it_cannot_serve_is_not_restarted_by_itself() -> None:
    loading = state.wanted(ModelState(), 0.0)
    failed = state.ended(loading, "no tokenizer", True, 1.0, POLICY, Random(0))
    assert (failed.phase, failed.reason) == (Phase.FAILED, "no tokenizer")
    assert not failed.restarts_itself
    assert state.restart_due(failed, 1e9) is failed
    assert state.wanted(failed, 1.0).phase is Phase.LOADING, "a request may try at once"


def test_what_is_known_of_a_model_outlives_its_process() -> None:
    stopped = state.ended(state.begin_stop(ready_at(0)), "x", False, 1.0, POLICY, Random(0))
    assert (stopped.facts, stopped.memory_bytes) == (FACTS, 0)


@given(st.integers(0, 10_000), st.integers())
def test_delays_have_full_jitter_within_a_growing_bound(deaths: int, seed: int) -> None:
    delay = POLICY.delay(deaths, Random(seed))
    assert 0.0 <= delay <= POLICY.longest_delay(deaths) <= POLICY.cap_s
    assert POLICY.longest_delay(deaths) <= POLICY.longest_delay(deaths + 1)


def test_delays_use_the_whole_range() -> None:
    rng = Random(3)
    shares = [POLICY.delay(5, rng) / POLICY.longest_delay(5) for _ in range(200)]
    assert min(shares) < 0.1
    assert max(shares) > 0.9
