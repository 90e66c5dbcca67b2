"""Form fields that take what was typed and leave the judging to the rules.

What cannot be read as a number, or is no choice, goes on to the rules as it is, so the operator
gets the same sentence here as from the API.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

Choices = Sequence[tuple[str, str | Promise]] | Callable[[], Sequence[tuple[str, str]]]


class TextField(forms.CharField):
    """One line; `suggestions` complete it while typing."""

    def __init__(self, *, suggestions: str = "", **kwargs: Any) -> None:
        attributes = {"autocomplete": "off"}
        if suggestions:
            attributes["list"] = suggestions
        kwargs.setdefault("widget", UnfoldAdminTextInputWidget(attributes))
        super().__init__(required=False, **kwargs)


class ProseField(forms.CharField):
    """Several lines."""

    def __init__(self, *, rows: int = 3, **kwargs: Any) -> None:
        widget = UnfoldAdminTextareaWidget({"rows": rows})
        super().__init__(required=False, widget=widget, **kwargs)

    def to_python(self, value: Any) -> str:
        # Browsers send the line ends of RFC 7578, section 5.
        return str(super().to_python(value)).replace("\r\n", "\n")


class SecretField(forms.CharField):
    """Goes in and never comes out."""

    def __init__(self, **kwargs: Any) -> None:
        widget = UnfoldAdminPasswordWidget({"autocomplete": "new-password"})
        super().__init__(required=False, widget=widget, **kwargs)


class NumberField(forms.Field):
    """A whole number or a fraction; None when nothing was typed."""

    widget = UnfoldAdminTextInputWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"inputmode": "decimal", "autocomplete": "off"}

    def to_python(self, value: Any) -> int | float | str | None:
        text = str(value).strip() if value is not None else ""
        for read in (int, float):
            try:
                return read(text)
            except ValueError:
                continue
        return text or None

    def prepare_value(self, value: Any) -> Any:
        return int(value) if isinstance(value, float) and value.is_integer() else value


class ChoiceField(forms.ChoiceField):
    """One of a few."""

    def __init__(self, choices: Choices, **kwargs: Any) -> None:
        super().__init__(
            choices=choices, required=False, widget=UnfoldAdminSelectWidget(), **kwargs
        )

    def valid_value(self, value: Any) -> bool:
        return True


class ChoicesField(forms.MultipleChoiceField):
    """Any of a few."""

    def __init__(self, choices: Iterable[str] | Callable[[], Iterable[str]], **kwargs: Any) -> None:
        """`choices` may be a function, which is asked for each form."""

        def named() -> list[tuple[str, str]]:
            words = choices() if callable(choices) else choices
            return [(choice, choice.replace("_", " ")) for choice in words]

        super().__init__(
            choices=named,
            required=False,
            widget=UnfoldAdminCheckboxSelectMultipleWidget(),
            **kwargs,
        )

    def valid_value(self, value: Any) -> bool:
        return True


class LinesField(ProseField):
    """A list, a line each."""

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> list[str]:
        return [line for part in self.to_python(value).split("\n") if (line := part.strip())]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool((initial or []) != self.clean(data))


class HeadersField(ProseField):
    """Header names and values, `Name: value` a line each."""

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, dict):
            return "\n".join(f"{name}: {one}" for name, one in value.items())
        return value

    def clean(self, value: Any) -> dict[str, str]:
        found: dict[str, str] = {}
        for line in self.to_python(value).split("\n"):
            if not line.strip():
                continue
            name, colon, one = line.partition(":")
            if not colon:
                raise forms.ValidationError(
                    gettext("Each line must be a name, a colon and a value.")
                )
            if name.strip() in found:
                raise forms.ValidationError(
                    gettext('The header "%(strip)s" stands here twice.') % {"strip": name.strip()}
                )
            found[name.strip()] = one.strip()
        return found

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((initial or {}) != self.clean(data))
        except forms.ValidationError:
            return True
