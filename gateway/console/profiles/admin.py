"""Routing profiles, with their targets on the same page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.translation import gettext, gettext_lazy
from django.utils.translation import gettext_lazy as _

from gateway.console.forms.service_admin import FormSets, cloud_routing, who
from gateway.console.profiles import switch
from gateway.console.profiles.cache_words import who_reads
from gateway.console.profiles.duplicate import copied_in
from gateway.console.profiles.form import ProfileForm
from gateway.console.profiles.import_admin import ExchangeAdmin
from gateway.console.rehearsal.choices import choices
from gateway.console.targets.badges import Providers, profile_badge, target_badge
from gateway.console.targets.forms import TargetForm, TargetFormSet
from gateway.console.targets.shares import share
from gateway.console.targets.shown import shown
from gateway.console.theme.admin_classes import StackedInline, display
from governance import frozen, services, snapshot
from governance.models import Provider, RoutingProfile, RoutingTarget
from governance.routing import fallback_modes
from governance.routing.fallback import place_of, sentence_for
from governance.routing.fields import Problem
from governance.serializers.profiles import PART_COLUMNS
from governance.strategies import STRATEGIES

PLACED = frozenset(
    {
        "name",
        "virtual_provider",
        "strategy",
        "enabled",
        "local_fallback",
        "virtual_key_id",
        "local_only",
    }
)
"""Fields that are always in sight; all others lie in the part that is closed at first."""
APART = PLACED | frozenset(PART_COLUMNS)
"""Those, and those that have a part of their own."""
ALONE = frozenset({"id", "description"})
"""Fields of that part with a line of their own."""


class TargetInline(StackedInline):
    model = RoutingTarget
    form = TargetForm
    formset = TargetFormSet
    template = "console/targets/rows.html"
    verbose_name = "target"

    def get_extra(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> int:
        copied = None if obj else copied_in(request)
        if copied is not None:
            return len(copied.ordered_targets())
        return 0 if obj else 1


@admin.register(RoutingProfile)
class ProfileAdmin(ExchangeAdmin):
    audited_as = "routing profile"
    form = ProfileForm
    inlines = (TargetInline,)
    list_display = (
        "name",
        "virtual_model",
        "strategy_shown",
        "reach",
        "target_list",
        "otherwise",
        "switch_shown",
    )
    list_filter = ("enabled", "strategy", "local_only")
    search_fields = ("id", "name", "virtual_provider", "targets__provider", "targets__model")
    empty_title = gettext_lazy("There is no routing profile yet")
    empty_text = gettext_lazy(
        "A routing profile is a name callers use and the places behind it. Add a "
        "provider first, then a profile with a target that names it: “virtual "
        "provider/alias” leads there."
    )
    change_form_template = "console/profiles/change_form.html"
    fieldsets = (
        (None, {"fields": (("name", "virtual_provider"), ("id", "enabled"), "description")}),
        (
            gettext_lazy("Routing"),
            {
                "fields": (
                    ("strategy", "local_fallback"),
                    "if_none_answers",
                    ("local_only", "virtual_key_id"),
                )
            },
        ),
        (
            gettext_lazy("When a target fails"),
            {
                "classes": ("collapse",),
                "fields": (
                    ("retries", "hedge_after"),
                    ("on_broken_stream", "spill_after"),
                    ("sticky_sessions", "return_after"),
                ),
            },
        ),
        (
            _("Cache and shadow"),
            {
                "classes": ("collapse",),
                "fields": (
                    ("cache_ttl", "cache_scope"),
                    "who_reads_cached_answers",
                    ("cache_tools", "cache_cadence"),
                    ("shadow_target", "shadow_percent"),
                ),
            },
        ),
    )

    change_form_outer_after_template = "console/rehearsal/panel.html"

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {"rehearsal": choices(request)}

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *arguments: Any, **named: Any
    ) -> HttpResponse:
        """With what the rows of targets say beside their fields."""
        form = context["adminform"].form
        context["typed"] = "strategy" in form.fields
        further = [name for name in form.fields if name not in APART]
        context["further"] = [form[name] for name in further if name not in ALONE]
        context["further_errors"] = any(name in form.errors for name in further)
        row = form.instance
        wrong = any(name in form.errors for name in PART_COLUMNS)
        context["beside_open"] = wrong or row.cache_ttl is not None or bool(row.shadow_target)
        context["who_reads"] = who_reads(row)
        for inline in context["inline_admin_formsets"]:
            if isinstance(inline.formset, TargetFormSet):
                context |= shown(inline.formset)
        answer: HttpResponse = super().render_change_form(request, context, *arguments, **named)
        return answer

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoutingProfile]:
        return super().get_queryset(request).prefetch_related("targets")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        told = ("if_none_answers", "who_reads_cached_answers")
        return ("id", *told) if obj else told

    def write(self, request: HttpRequest, form: Any, change: bool) -> Iterable[Problem]:
        typed = form.document() | {"targets": form.targets}
        document, expected = self.resolved(request, form, typed)
        saved = services.save_profile(
            document, who=who(request), existing=form.existing, expected=expected
        )
        form.instance.pk = saved.document["id"]
        # As it was saved: the form's own row knows the targets from before.
        row = services.find_profile(form.instance.pk)
        targets, installation = row.ordered_targets(), settings.LOCAL_FALLBACK
        note = profile_badge(row, targets, _providers(), cloud_routing(), installation)
        if note.tone in ("warning", "danger"):
            return [*saved.warnings, Problem("", "standing", note.detail)]
        return saved.warnings

    def save_related(
        self, request: HttpRequest, form: Any, formsets: FormSets, change: bool
    ) -> None:
        (targets,) = formsets
        assert isinstance(targets, TargetFormSet)
        form.targets = targets.documents()
        super().save_related(request, form, (targets,), change)

    def remove(self, request: HttpRequest, row: RoutingProfile) -> None:
        services.delete_profile(row.pk, who=who(request))

    def warnings(self, request: HttpRequest) -> list[str]:
        if cloud_routing():
            return []
        return [
            gettext(
                "Cloud routing is off: nothing is sent to a provider that is not local, "
                "whatever the profiles say. POINTSMAN_ENABLE_CLOUD_ROUTING=true switches "
                "it on."
            )
        ]

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """Gives every row the providers, read once, and whether it may be switched."""
        listing = super().get_changelist_instance(request)
        held, may_switch = _providers(), self.has_change_permission(request)
        local_model = bool(place_of(snapshot.current().local_default))
        for row in listing.result_list:
            row.providers, row.may_switch, row.local_model = held, may_switch, local_model
        return listing

    @display(gettext_lazy("Virtual model"), ordering="virtual_provider")
    def virtual_model(self, profile: RoutingProfile) -> str:
        names = [target.virtual_model or "*" for target in profile.ordered_targets()]
        return ", ".join(f"{profile.virtual_provider}/{name}" for name in dict.fromkeys(names))

    @display(gettext_lazy("Enabled"), ordering="enabled")
    def switch_shown(self, profile: Any) -> str:
        if profile.may_switch:
            return switch.rendered(profile)
        return render_to_string("unfold/helpers/boolean.html", {"value": profile.enabled})

    @display(gettext_lazy("Strategy"), ordering="strategy")
    def strategy_shown(self, profile: RoutingProfile) -> str:
        known = STRATEGIES.get(profile.strategy)
        return gettext(known.label) if known else profile.strategy

    @display(gettext_lazy("If none answers"))
    def otherwise(self, profile: Any) -> str:
        """As the form's sentence has it: nothing takes over where there is no local model."""
        held = fallback_modes.mode_of(settings.LOCAL_FALLBACK, profile.local_fallback)
        mode = held.mode if profile.local_model else fallback_modes.NEVER
        return gettext(fallback_modes.IN_SHORT[mode])

    @admin.display(description=gettext_lazy("If no target answers"))
    def if_none_answers(self, profile: RoutingProfile) -> str:
        """As it is saved, in a sentence."""
        return sentence_for(frozen.PROFILE.of(profile, targets=()), snapshot.current())

    @admin.display(description=_("Who reads cached answers"))
    def who_reads_cached_answers(self, profile: RoutingProfile) -> str:
        return who_reads(profile)

    @display(
        gettext_lazy("Goes to"),
        label={tone: tone for tone in ("default", "success", "warning", "danger")},
    )
    def reach(self, profile: Any) -> tuple[str, str]:
        targets = profile.ordered_targets()
        installation = settings.LOCAL_FALLBACK
        held = profile.providers
        badge = profile_badge(profile, targets, held, cloud_routing(), installation)
        return badge.tone, badge.text

    @display(gettext_lazy("Targets"))
    def target_list(self, profile: Any) -> str:
        held, cloud = profile.providers, cloud_routing()
        targets = profile.ordered_targets()
        shown = []
        for target in targets:
            badge = target_badge(target, profile, held, cloud)
            state = "" if badge.tone in ("success", "info") else f" ({badge.text})"
            part = share(target, targets)
            weight = (
                (
                    gettext(", weight %(weight)s: %(part)s")
                    % {"weight": f"{target.weight:g}", "part": part}
                )
                if part
                else ""
            )
            shown.append(f"{target}{weight}{state}")
        return ", ".join(shown)


def _providers() -> Providers:
    return {row.name.casefold(): row for row in Provider.objects.all()}
