"""The theme's classes, as the type checker should see them: it brings no types of its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import unfold.admin
import unfold.decorators
import unfold.forms
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString

from gateway.console.theme import light_lists, light_texts

if TYPE_CHECKING:
    from django.contrib import admin
    from django.forms import BaseInlineFormSet

    BaseAdmin = admin.ModelAdmin[Any]
    StackedInline = admin.StackedInline[Any, Any]
    InlineFormSet = BaseInlineFormSet[Any, Any, Any]
else:
    BaseAdmin = unfold.admin.ModelAdmin
    StackedInline = unfold.admin.StackedInline
    InlineFormSet = unfold.forms.PaginationInlineFormSet


light_lists.install()
light_texts.install()


class ModelAdmin(BaseAdmin):
    """A page of rows. One that is not there leads to the list of those that are."""

    list_per_page = 40
    """A row takes about a millisecond to draw, and a page is there in a tenth of a second."""

    def action_checkbox(self, obj: Any) -> SafeString:
        return light_lists.tick_box(obj.pk)

    action_checkbox.short_description = ""  # type: ignore[attr-defined]  # the head has a box of its own

    def _get_obj_does_not_exist_redirect(
        self, request: HttpRequest, opts: Any, object_id: str
    ) -> HttpResponse:
        """Django's own words; it would lead to the dashboard, where nobody looks for the thing."""
        super()._get_obj_does_not_exist_redirect(request, opts, object_id)  # type: ignore[misc]  # not in the stubs
        listing = f"admin:{opts.app_label}_{opts.model_name}_changelist"
        return HttpResponseRedirect(reverse(listing))


Method = TypeVar("Method", bound=Callable[..., Any])


def display(
    description: str | Promise,
    *,
    ordering: str | None = None,
    label: bool | Mapping[str, str] | None = None,
    empty_value: str | Promise | None = None,
) -> Callable[[Method], Method]:
    """A column or a read-only field; `label` gives each of its values the tone of its badge."""
    decorate: Callable[[Method], Method] = unfold.decorators.display(
        description=description, ordering=ordering, label=label, empty_value=empty_value
    )
    return decorate


def action(
    description: str | Promise, *, url_path: str, permissions: Sequence[str]
) -> Callable[[Method], Method]:
    """A page of its own that a link above the list or the form leads to.

    It needs all of `permissions`: words of Django's (`view`, `add`, `change`, `delete`), or names
    with their app, as an action on a row must spell `add`.
    """
    decorate: Callable[[Method], Method] = unfold.decorators.action(
        description=description, url_path=url_path, permissions=permissions
    )
    return decorate
