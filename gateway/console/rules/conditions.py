"""The conditions of a heuristic rule as rows of three inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.template.loader import render_to_string
from django.utils.datastructures import MultiValueDict
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from governance.routing.heuristics import FLAGS, OPERATORS, TEXTS

FEATURES: Final = (
    ("last_user_characters", gettext_lazy("characters of the last user message")),
    ("prompt_tokens", gettext_lazy("estimated prompt tokens")),
    ("messages", gettext_lazy("messages")),
    ("tools", gettext_lazy("tools")),
    ("images", gettext_lazy("images")),
    ("reasoning", gettext_lazy("reasoning asked for")),
    ("last_user_text", gettext_lazy("keywords in the last user message")),
)
BLANK_ROWS: Final = 2

Row = dict[str, str]


class ConditionsWidget(forms.Widget):
    """One row a condition and two blank ones; a row without a feature counts as none."""

    template_name = "console/rules/conditions.html"

    class Media:
        js = (forms.widgets.Script("console/rules/conditions.js", type="module"),)

    def format_value(self, value: Any) -> list[Row]:
        rows = [_shown(one) for one in value or []]
        return rows + [{"feature": "", "operator": "", "value": ""}] * BLANK_ROWS

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        """With the templates of the pages: the forms' own renderer knows those of apps alone."""
        return render_to_string(self.template_name, self.get_context(name, value, attrs))

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        context["widget"].update(
            rows=self.format_value(value), features=FEATURES, operators=OPERATORS
        )
        return context

    def value_from_datadict(self, data: Any, files: MultiValueDict[str, Any], name: str) -> Any:
        columns = [data.getlist(f"{name}-{part}") for part in ("feature", "operator", "value")]
        rows = zip(*columns, strict=False)
        return [_condition(*row) for row in rows if any(part.strip() for part in row)]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return f"{name}-feature" not in data

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0"


class ConditionsField(forms.Field):
    """A list of conditions as the API has them."""

    widget = ConditionsWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != (data or []))


def _shown(condition: Mapping[str, Any]) -> Row:
    value = condition["value"]
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, list):
        value = ", ".join(value)
    return {
        "feature": str(condition["feature"]),
        "operator": str(condition["operator"]),
        "value": "" if value is None else str(value),
    }


def _condition(feature: str, operator: str, value: str) -> dict[str, Any]:
    """What was typed as the feature wants it; the operator may be left out where there is one."""
    text = value.strip()
    read: Any = text
    if feature in TEXTS:
        operator = operator or "any"
        read = [word for part in text.split(",") if (word := part.strip())]
    elif feature in FLAGS:
        operator = operator or "=="
        read = {"true": True, "yes": True, "": True, "false": False, "no": False}.get(
            text.lower(), text
        )
    else:
        for number in (int, float):
            try:
                read = number(text)
                break
            except ValueError:
                continue
    return {"feature": feature, "operator": operator, "value": read if read != "" else None}
