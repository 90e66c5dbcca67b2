"""What is drawn once says what the theme would have drawn each time."""

from __future__ import annotations

from typing import Any

import pytest
import unfold.admin
from django.contrib.admin import helpers
from django.utils.translation import override
from unfold.templatetags import unfold_list
from unfold.utils import display_for_label

from gateway.console.theme.light_lists import badge, tick_box

TONES = {"on": "success", "off": "default"}


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (("on", "switched <on>"), TONES),
        (("off", ""), TONES),
        ("on", TONES),
        ("strange", TONES),
        (("strange", "words"), TONES),
        (["a", "b"], True),
        ("plain", True),
    ],
)
def test_badges(value: Any, label: Any) -> None:
    drawn = badge(value, "-", label)
    assert str(drawn) == str(display_for_label(value, "-", label))
    assert badge(value, "-", label) == drawn


def test_tick_boxes() -> None:
    box = unfold.admin.checkbox
    for key in (7, "key-1", '"><script>'):
        assert str(tick_box(key)) == box.render(helpers.ACTION_CHECKBOX_NAME, str(key))
    with override("ar"):
        assert str(tick_box(7)) == box.render(helpers.ACTION_CHECKBOX_NAME, "7")


def test_the_theme_asks_for_them() -> None:
    """Of the heads too, which a list works out once."""
    assert unfold_list.display_for_label is badge
    assert unfold_list.result_headers.__qualname__.startswith("_once_a_list")
