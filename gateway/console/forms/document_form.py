"""Forms that are a document of the API: the rules judge it, their messages find their field."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext

from gateway.console.forms.stale import Staleness, staleness
from governance.routing.fields import Problem
from governance.services.change import MODELS

if TYPE_CHECKING:
    PlainForm = forms.ModelForm[Any]
else:
    PlainForm = forms.ModelForm

_INDEX = re.compile(r"\[\d+\]")


class DocumentForm(PlainForm):
    """A form whose `document` is checked whole; nothing else complains.

    Subclasses say what the document is and which rules apply to it.
    """

    def document(self) -> dict[str, Any]:
        """What was typed, as the API would take it."""
        return dict(self.cleaned_data)

    def problems(self) -> Iterable[Problem]:
        """Every rule the document breaks."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        """In place of Django's own checks of the row, which would say the same in other words."""
        names = [name for name in self.cleaned_data if name in self._writable()]
        for name in names:
            setattr(self.instance, name, self.cleaned_data[name])
        # A field that could not be read says so; what the rules say of the others stands beside it.
        unread = frozenset(self.errors)
        for problem in list(self.problems()):
            place(self, problem, unread=unread)
        self._look_for_changes()

    stale: Staleness | None = None
    """Set where someone else saved the thing after this form was filled."""

    def _look_for_changes(self) -> None:
        kind = next((kind for kind, one in MODELS.items() if isinstance(self.instance, one)), None)
        if kind is None or self.instance._state.adding or self.errors:
            return
        self.stale = staleness(kind, self.instance, self.data, self.document())
        if self.stale is not None:
            self.add_error(None, gettext("It was changed since you opened it: see above."))

    def _writable(self) -> set[str]:
        return {field.name for field in self.instance._meta.fields}


def place(
    form: forms.BaseForm, problem: Problem, path: str = "", unread: Collection[str] = ()
) -> None:
    """Puts the message at the field that broke the rule; `path` is where the form's fields are.

    Fields `unread` have an error already that explains what the rule misses.
    """
    rest = problem.path.removeprefix(path).lstrip(".")
    for name in (_INDEX.sub("", rest), rest.rpartition(".")[2], rest.partition(".")[0]):
        plain = _INDEX.sub("", name)
        if plain in form.fields:
            if plain not in unread:
                form.add_error(plain, problem.message)
            return
    form.add_error(None, f"{rest}: {problem.message}" if rest else problem.message)
