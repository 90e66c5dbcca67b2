from __future__ import annotations

from typing import Any

from rest_framework import serializers

from governance import ports
from governance.api.simulation import CONDITIONS
from governance.models.routing_profile import CACHE_SCOPES
from governance.routing.fallback_modes import MODES
from governance.routing.plan import REJECTIONS
from governance.routing.target_rules import CAPABILITIES


class RequestTypeField(serializers.ChoiceField):
    """One of the request types of the endpoints there are when a serializer is used: it is
    imported before they are known."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=(), **kwargs)

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        self.choices = ports.request_types()


class SimulationRequestSerializer(serializers.Serializer[Any]):
    """What is known of a request; or a whole one, under `request` or simply at the top level."""

    model = serializers.CharField(
        required=False, allow_blank=True, help_text="As a caller would write it; blank is `auto`."
    )
    request_type = RequestTypeField(required=False)
    capabilities = serializers.ListField(
        child=serializers.ChoiceField(choices=CAPABILITIES),
        required=False,
        help_text="What the answer requires, beside what a whole request shows by itself.",
    )
    prompt_tokens = serializers.IntegerField(
        required=False,
        min_value=0,
        help_text="How long the prompt is; targets whose context is known to be smaller are "
        "skipped. Of a whole request it is estimated.",
    )
    routing_profile = serializers.CharField(required=False, help_text="The caller's hint.")
    headers = serializers.DictField(
        child=serializers.CharField(),
        required=False,
        help_text="Headers of the request; `X-Routing-Profile` is a hint too.",
    )
    session = serializers.CharField(
        required=False, help_text="What the request belongs to, as a caller would name it."
    )
    virtual_key_id = serializers.CharField(
        required=False, help_text="Id of the API key the request would come with."
    )
    what_if = serializers.DictField(
        child=serializers.ChoiceField(choices=tuple(CONDITIONS)),
        required=False,
        help_text="Conditions of providers, by name.",
    )
    request = serializers.DictField(required=False, help_text="A whole request as callers send it.")
    messages = serializers.ListField(
        child=serializers.DictField(), required=False, help_text="Makes this a whole chat request."
    )


class CandidateSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    model = serializers.CharField()
    probability = serializers.FloatField(help_text="Of being the first one tried.")
    target = serializers.IntegerField(
        allow_null=True, help_text="Its place among the targets; null for the local fallback."
    )
    local = serializers.BooleanField()
    local_fallback = serializers.BooleanField()
    demoted = serializers.CharField(
        allow_null=True, help_text="Why it is tried after the healthy ones."
    )
    expected_cost_usd = serializers.FloatField(
        required=False,
        allow_null=True,
        help_text="By list prices, where the strategy goes by them; null where none is known.",
    )
    detail = serializers.CharField(
        required=False, help_text="Why it stands where it does, in a sentence."
    )


class RejectionSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    model = serializers.CharField(allow_blank=True)
    target = serializers.IntegerField()
    reason = serializers.ChoiceField(choices=REJECTIONS)
    detail = serializers.CharField(allow_blank=True)


class ChosenProfileSerializer(serializers.Serializer[Any]):
    id = serializers.CharField(allow_blank=True)
    name = serializers.CharField(allow_blank=True)
    virtual_provider = serializers.CharField(allow_blank=True)
    strategy = serializers.CharField()
    implicit = serializers.BooleanField(help_text="Stands for a provider named directly.")


class RefusalSerializer(serializers.Serializer[Any]):
    status = serializers.IntegerField()
    code = serializers.CharField()
    message = serializers.CharField()
    field = serializers.CharField(allow_null=True)


class SkippedRuleSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    why = serializers.CharField()


class StepSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    model = serializers.CharField()
    words = serializers.CharField(help_text="What the candidate does, without its name.")


class BindingLimitSerializer(serializers.Serializer[Any]):
    """A limit that counts the request."""

    id = serializers.IntegerField()
    name = serializers.CharField()
    measure = serializers.CharField()
    window = serializers.CharField()
    enforcement = serializers.CharField()
    amount = serializers.CharField(help_text="As the limit itself shows it.")
    used = serializers.CharField()
    reached = serializers.BooleanField()


class AppliedCacheSerializer(serializers.Serializer[Any]):
    """The profile's cache of answers. Only where it has one."""

    applies = serializers.BooleanField()
    ttl = serializers.FloatField(help_text="Seconds.")
    scope = serializers.ChoiceField(choices=list(CACHE_SCOPES.items()))
    detail = serializers.CharField(help_text="What that means for the request.")


class AppliedShadowSerializer(serializers.Serializer[Any]):
    """The profile's shadow. Only where it has one."""

    applies = serializers.BooleanField()
    target = serializers.CharField()
    percent = serializers.FloatField()
    detail = serializers.CharField(help_text="What is sent, or why nothing is.")


class LocalFallbackSerializer(serializers.Serializer[Any]):
    mode = serializers.ChoiceField(choices=MODES)
    said_by = serializers.ChoiceField(choices=("profile", "key", "installation"))
    detail = serializers.CharField(help_text="What happens when no target answers.")


class SimulationSerializer(serializers.Serializer[Any]):
    """What would happen to the request, and why."""

    profile = ChosenProfileSerializer(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    virtual_model = serializers.CharField(allow_null=True)
    primary = CandidateSerializer(allow_null=True)
    fallbacks = CandidateSerializer(many=True)
    candidates = CandidateSerializer(many=True)
    rejections = RejectionSerializer(many=True)
    refusal = RefusalSerializer(allow_null=True, help_text="Why there is nothing to try.")
    warning = serializers.CharField(allow_blank=True)
    sticky = serializers.CharField(
        allow_blank=True,
        help_text="Why the session leads to the primary: `hash`, `served`, or nothing.",
    )
    estimated = serializers.BooleanField(
        help_text="The probabilities are those of a quiet moment: the strategy goes by what it "
        "measures."
    )
    local_fallback = LocalFallbackSerializer()
    skipped = SkippedRuleSerializer(many=True, help_text="Rules passed over.")
    course = StepSerializer(
        many=True, help_text="What the request goes through, under the conditions supposed."
    )
    limits = BindingLimitSerializer(
        many=True, required=False, help_text="Those that count the request; absent without any."
    )
    cache = AppliedCacheSerializer(required=False)
    shadow = AppliedShadowSerializer(required=False)
    request_type = serializers.CharField()
    capabilities = serializers.ListField(
        child=serializers.CharField(), help_text="What the request needs, detected needs included."
    )
