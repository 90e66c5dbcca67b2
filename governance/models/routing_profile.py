from __future__ import annotations

import secrets

from django.apps import apps
from django.db.models import (
    BooleanField,
    CharField,
    CheckConstraint,
    DateTimeField,
    FloatField,
    IntegerField,
    Model,
    PositiveBigIntegerField,
    Q,
    TextField,
    UniqueConstraint,
)
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy

from governance import strategies
from governance.errors import refuse
from governance.models.choices import told
from governance.models.constraints import filled, one_of
from governance.models.routing_target import HEDGE_AFTER, PERCENT, RoutingTarget
from governance.models.validators import Bounds, line, prose
from governance.routing.fallback_modes import CHOICES as FALLBACK_CHOICES
from governance.routing.rules import LOCAL_FALLBACKS, profile_problems

RETRIES = Bounds(0, 3)
RETURN_AFTER = Bounds(0, 86_400)
"""Seconds."""
SPILL_AFTER = Bounds(0, 3600)
"""Seconds."""
BROKEN_STREAMS = ("continue", "error")
CACHE_TTL = Bounds(1, 2_592_000)
"""Seconds: up to 30 days."""
CACHE_SCOPES = {
    "key": gettext_lazy("Only the API key that asked first"),
    "shared": gettext_lazy("Shared by every API key that may use the profile"),
}


def new_profile_id() -> str:
    """An id for a profile whose author gave none."""
    return f"rp-{secrets.token_hex(8)}"


class RoutingProfile(Model):
    """A virtual provider: a name callers use, and the targets behind it."""

    id = CharField(
        gettext_lazy("id"),
        primary_key=True,
        max_length=100,
        default=new_profile_id,
        validators=[line],
        help_text=gettext_lazy(
            "How the API names the profile. It is made when left blank and never changes."
        ),
    )
    name = CharField(
        gettext_lazy("name"),
        max_length=200,
        validators=[line],
        help_text=gettext_lazy("Unique, whatever its case."),
    )
    description = TextField(
        gettext_lazy("description"), blank=True, max_length=10_000, validators=[prose]
    )
    virtual_provider = CharField(
        gettext_lazy("virtual provider"),
        max_length=100,
        validators=[line],
        help_text=gettext_lazy("What callers put before the slash: “light” in “light/large”."),
    )
    virtual_key_id = CharField(
        gettext_lazy("virtual key"),
        max_length=100,
        validators=[line],
        blank=True,
        help_text=gettext_lazy(
            "Id of the only API key that may use this profile; blank means every key."
        ),
    )
    enabled = BooleanField(gettext_lazy("enabled"), default=True)
    strategy = CharField(
        gettext_lazy("strategy"),
        max_length=20,
        choices=strategies.choices,
        default=strategies.DEFAULT,
        help_text=gettext_lazy("In which order targets are tried."),
    )
    local_fallback = CharField(
        gettext_lazy("local fallback"),
        max_length=20,
        choices=told(FALLBACK_CHOICES),
        default="default",
        help_text=gettext_lazy("What happens when no target answers."),
    )
    local_only = BooleanField(
        gettext_lazy("local only"),
        default=False,
        help_text=gettext_lazy("Nothing this profile does may leave the machine."),
    )
    retries = IntegerField(
        gettext_lazy("retries"),
        null=True,
        blank=True,
        validators=[RETRIES],
        help_text=gettext_lazy(
            "How often a try that failed in passing is made again on the same target: a "
            "lost connection or a 500, 502 or 504 once, a 429 that asks for at most 5 "
            "seconds as often as this says. Blank: only on the last target, once."
        ),
    )
    hedge_after = FloatField(
        gettext_lazy("start the next target after"),
        null=True,
        blank=True,
        validators=[HEDGE_AFTER],
        help_text=gettext_lazy(
            "Seconds without a first token after which the next target is asked too; the "
            "first to answer wins. Blank: 10 seconds, and only for streams. 0: never."
        ),
    )
    sticky_sessions = BooleanField(
        gettext_lazy("sticky sessions"),
        default=True,
        help_text=gettext_lazy(
            "Requests of one conversation go to one target while it is healthy, so that "
            "what the provider has cached of their prompt is used."
        ),
    )
    return_after = FloatField(
        gettext_lazy("return to the first target after"),
        default=300.0,
        validators=[RETURN_AFTER],
        help_text=gettext_lazy(
            "Seconds for which the first target has been healthy when conversations that "
            "another one took over go back to it."
        ),
    )
    on_broken_stream = CharField(
        gettext_lazy("when a stream breaks"),
        max_length=10,
        choices=[
            ("continue", gettext_lazy("Another target continues it")),
            ("error", gettext_lazy("It ends in an error")),
        ],
        default="continue",
        help_text=gettext_lazy("What happens when an answer breaks off after it has begun."),
    )
    cache_ttl = FloatField(
        gettext_lazy("answers are cached for"),
        null=True,
        blank=True,
        validators=[CACHE_TTL],
        help_text=gettext_lazy(
            "Seconds for which an answer is given again to the same request, at no cost. "
            "Blank: never."
        ),
    )
    cache_scope = CharField(
        gettext_lazy("cached answers are for"),
        max_length=10,
        choices=list(CACHE_SCOPES.items()),
        default="key",
        help_text=gettext_lazy(
            "Who is given an answer again. Shared: one caller reads what was answered to "
            "another one, if both ask the very same."
        ),
    )
    cache_tools = BooleanField(
        gettext_lazy("cache answers to requests with tools"),
        default=False,
        help_text=gettext_lazy(
            "Also where a request has tools. A tool call that is answered from the cache "
            "may be carried out a second time."
        ),
    )
    cache_cadence = BooleanField(
        gettext_lazy("cached streams keep their pace"),
        default=False,
        help_text=gettext_lazy(
            "A stream that is given again comes as slowly as it came first. Off: at once."
        ),
    )
    shadow_target = CharField(
        gettext_lazy("shadow"),
        max_length=401,
        blank=True,
        validators=[line],
        help_text=gettext_lazy(
            "Provider and model, as “openai/gpt-5”, that get a copy of some requests. "
            "Nobody waits for its answer, which is thrown away; it is recorded and paid "
            "for."
        ),
    )
    shadow_percent = FloatField(
        gettext_lazy("share for the shadow"),
        null=True,
        blank=True,
        validators=[PERCENT],
        help_text=gettext_lazy("Percent of requests of which the shadow gets a copy."),
    )
    spill_after = FloatField(
        gettext_lazy("spill after"),
        null=True,
        blank=True,
        validators=[SPILL_AFTER],
        help_text=gettext_lazy(
            "Seconds that a request would wait in the queue of a local target beyond "
            "which the next target goes first. Blank: it waits, however long."
        ),
    )
    created_at = DateTimeField(gettext_lazy("created at"), auto_now_add=True)
    updated_at = DateTimeField(gettext_lazy("updated at"), auto_now=True)
    changed_in = PositiveBigIntegerField(
        gettext_lazy("changed in"), default=0, editable=False, db_index=True
    )
    """Version of the table that brought this state of the profile and its targets."""

    class Meta:
        verbose_name = gettext_lazy("routing profile")
        verbose_name_plural = gettext_lazy("routing profiles")
        ordering = (Lower("name"),)
        constraints = [
            UniqueConstraint(Lower("name"), name="profile_name_unique"),
            UniqueConstraint(Lower("virtual_provider"), name="profile_virtual_provider_unique"),
            filled("profile", "id"),
            filled("profile", "name"),
            filled("profile", "virtual_provider"),
            CheckConstraint(
                condition=~Q(virtual_provider__contains="/"), name="profile_virtual_provider_slash"
            ),
            one_of("profile", "local_fallback", LOCAL_FALLBACKS),
            one_of("profile", "on_broken_stream", BROKEN_STREAMS),
            RETRIES.constraint("profile", "retries"),
            HEDGE_AFTER.constraint("profile", "hedge_after"),
            RETURN_AFTER.constraint("profile", "return_after"),
            one_of("profile", "cache_scope", CACHE_SCOPES),
            CACHE_TTL.constraint("profile", "cache_ttl"),
            PERCENT.constraint("profile", "shadow_percent"),
            SPILL_AFTER.constraint("profile", "spill_after"),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """The rules between fields and rows, with the targets of `draft` or else those saved."""
        providers = apps.get_model("governance", "Provider").objects
        others = RoutingProfile.objects.exclude(pk=self.pk)
        found = profile_problems(
            {**vars(self), "targets": [vars(one) for one in self.ordered_targets()]},
            others=others.values_list("id", "name", "virtual_provider"),
            providers=dict(providers.values_list("name", "is_local")),
        )
        refuse(self, found)

    draft: list[RoutingTarget] | None = None
    """Targets about to be saved with the profile."""

    def ordered_targets(self) -> list[RoutingTarget]:
        """The targets as the operator ordered them: the draft's, or else those saved."""
        if self.draft is not None:
            return self.draft
        if self._state.adding:
            return []
        return sorted(self.targets.all(), key=lambda one: one.position)
