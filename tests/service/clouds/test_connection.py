"""The connection test and the list of models of every cloud, as an operator's page asks them."""

from __future__ import annotations

import pytest

from gateway.console.providers.connection import Unanswered, complete, listed
from governance.kinds import KINDS
from tests.inference.tables import provider
from tests.service.clouds.strict import Strict
from tests.service.clouds.world import Clouds
from tests.service.pairs.talk import Answer


def row(cloud: Strict, **more: str):
    return provider("p", cloud.base_url, **{"kind": cloud.kind, "api_key": cloud.api_key, **more})


def test_it_answers_and_lists(world: Clouds, cloud: str) -> None:
    strict = world.providers[cloud]
    strict.script(Answer(("H",)))
    assert complete(row(strict), strict.model).model
    assert strict.refused == []
    assert strict.heard[0].max_tokens in (1, None)
    assert listed(row(strict)) == strict.models
    assert strict.refused == []


def test_a_wrong_key_is_told_and_not_shown(world: Clouds, cloud: str) -> None:
    strict = world.providers[cloud]
    strict.script(Answer(("H",)))
    wrong = strict.wrong_key()
    with pytest.raises(Unanswered) as told:
        complete(row(strict, api_key=wrong), strict.model)
    assert wrong not in str(told.value)
    assert strict.heard == []


def test_an_unknown_model_is_ours_to_mend(world: Clouds, cloud: str) -> None:
    """And another target is asked, since its words say so whatever the status."""
    strict = world.providers[cloud]
    strict.script(Answer(("H",)))
    with pytest.raises(Unanswered, match=r"does not know the model|status 404|status 403"):
        complete(row(strict), strict.unknown_model)
    assert KINDS[strict.kind].price_seller
