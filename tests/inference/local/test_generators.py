"""Both generators with the real tiny model, below scheduling and HTTP."""

from tests.inference.local import mlx_probe


def test_direct_and_batched_draw_the_same_tokens() -> None:
    """Greedy, seeded, biased and penalised requests, alone and in one batch."""
    result = mlx_probe.ask("direct_and_batched")
    for alone, together in zip(result["direct"], result["batched"], strict=True):
        assert [token for token, _ in alone] == [token for token, _ in together]
    assert len({str(tokens) for tokens in result["direct"]}) >= 6, "the samplings must differ"


def test_a_caller_who_leaves_ends_the_reading_of_the_prompt() -> None:
    result = mlx_probe.ask("cancelled_prefill")
    assert result == {"looks": 3, "drawn": 0, "next": True}


def test_a_long_prompt_holds_up_neither_answers_nor_short_prompts() -> None:
    result = mlx_probe.ask("prefill_shares")
    assert result["short"] <= 3 < 20 <= result["long"]
    assert result["meanwhile"] == result["long"], "an answer under way gets a token every step"


def test_less_of_a_long_prompt_is_read_at_a_time_where_that_takes_long() -> None:
    result = mlx_probe.ask("slow_prefill_shares")
    assert result["long"] > 3 * mlx_probe.ask("prefill_shares")["long"]
    assert result["meanwhile"] == result["long"], "an answer under way gets a token every step"


def test_cancelling_at_any_stage_leaves_the_others_alone() -> None:
    result = mlx_probe.ask("cancelled_in_batch")
    assert result["left"] == [[result["kept"]]] * 4
    assert result["empty"] == []


def test_a_batch_stops_reading_for_those_who_left_within_a_layer() -> None:
    """And goes on where somebody else waits; no answer is another one for it."""
    result = mlx_probe.ask("left_in_batch")
    answer, staying, again = result["each"]
    first_layer_of_second_chunk = 4
    assert result["alone"]["looked"] == first_layer_of_second_chunk + 1, "after the step"
    assert result["alone"]["drawn"] == [answer, again]
    assert result["with another"]["drawn"] == [answer, staying, again]


def test_what_prompts_share_is_read_once_and_changes_no_answer() -> None:
    result = mlx_probe.ask("prefixes")
    first, again, longer, branch, short = result["lengths"]
    for mode in ("direct", "batched"):
        assert [tokens for tokens, _, _ in result[mode]] == [
            tokens for tokens, _, _ in result["without"]
        ]
        known = [cached for _, cached, _ in result[mode]]
        assert known[0] == 0
        assert again - 2 <= known[1] < again
        assert first - 1 <= known[2] < longer
        assert known[3] == result["shared"] < branch
        assert known[4] == 0 < short
    assert all(cached == 0 for _, cached, _ in result["without"])
    assert result["batched"][1][2] < result["batched"][0][2], "the second time takes fewer steps"


def test_samplers_draw_from_the_distribution() -> None:
    result = mlx_probe.ask("samplers")
    for share, probability in zip(result["plain"], (0.5, 0.3, 0.15, 0.05), strict=True):
        assert abs(share - probability) < 0.1
    assert result["nucleus"] == [0, 1]
    assert result["nucleus of none"] == [0]
    assert result["cold"] == [0]
    assert result["two"] == [0, 1]
    assert result["any"] == [[0, 1, 2, 3]] * 4
    assert result["of the likeliest"] == [0, 1, 2]
    assert result["together"] == [0, 1]
    assert result["again"]
    assert not result["other"]
    assert result["described"] == [2, [0, 1]]


def test_what_was_said_before_is_less_likely_by_the_repetition_penalty() -> None:
    """The prompt's tokens count too, though one by one the generator is shown its last alone."""
    result = mlx_probe.ask("repetitions")
    assert result["batched"] == result["direct"] == [2, -8, 2, 0.5]
    assert result["prompt alone"] == [2, -4, 2, 1]
    assert result["forgotten"] == [4, -4, 1, 1]
    assert result["none"] == 0


def test_gguf_row_order_is_undone() -> None:
    result = mlx_probe.ask("row_order")
    assert result == {"q": list(range(16)), "v kept": True}
