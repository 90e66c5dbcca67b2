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
_NAMED = re.compile(r"\b[a-z]+(?:_[a-z]+)+\b(?![\"”])")
"""A word that only programs write: `virtual_provider`."""


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
                form.add_error(plain, labelled(form, problem.message, plain))
            return
    message = labelled(form, problem.message)
    form.add_error(None, f"{rest}: {message}" if rest else message)


def labelled(form: forms.BaseForm, message: str, own: str = "") -> str:
    """The message with the labels that people see, where it names fields as programs do.

    `own` is the field that it is about, whose name may be any word: it counts at the beginning.
    """

    def label(found: re.Match[str]) -> str:
        field = form.fields.get(found[0])
        return str(field.label) if field is not None and field.label else found[0]

    if own:
        message = re.sub(rf"^{re.escape(own)}(?![\w.])", label, message)
    return _NAMED.sub(label, message)
