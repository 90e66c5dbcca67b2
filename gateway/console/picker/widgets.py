"""The field that searches, for forms. Without its script it takes what is typed."""

from __future__ import annotations

from typing import Any

from django.forms.widgets import Media, Script
from django.urls import reverse
from unfold.widgets import UnfoldAdminTextInputWidget


class PickerWidget(UnfoldAdminTextInputWidget):  # type: ignore[misc]  # the theme has no types
    """Completes a name (`free`), or chooses a thing by its name and sends its id."""

    def __init__(
        self, kind: str, *, free: bool = False, beside: str = "", empty: Any = "", **attrs: Any
    ) -> None:
        """`beside` is a field of the same row whose value goes along; `empty` says what no choice
        means."""
        super().__init__({"autocomplete": "off", "spellcheck": "false", **attrs})
        self.kind, self.free, self.beside, self.empty = kind, free, beside, empty
        self.label = ""
        """Of what is chosen, where it is not its own name."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        more = {"data-pick": reverse("console:pick", args=(self.kind,))}
        if self.free:
            more["data-pick-free"] = ""
        if self.beside:
            more["data-pick-beside"] = self.beside
        if self.empty:
            more["placeholder"] = str(self.empty)
        if self.label:
            more["data-pick-label"] = self.label
        context: dict[str, Any] = super().get_context(name, value, {**(attrs or {}), **more})
        return context

    @property
    def media(self) -> Media:
        script = Script("console/picker/picker.js", type="module")
        return Media(css={"all": ("console/picker/picker.css",)}, js=[script])  # type: ignore[list-item]  # as documented since Django 5.2
