"""Shapes for the OpenAPI document; the documents themselves are made by `interactions.record`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from governance.interactions.record import FALLBACKS, OUTCOMES


class NamedSerializer(serializers.Serializer[Any]):
    id = serializers.CharField()
    name = serializers.CharField()


class PlannedCandidateSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    model = serializers.CharField()
    local_fallback = serializers.BooleanField()


class UsageSerializer(serializers.Serializer[Any]):
    prompt_tokens = serializers.IntegerField(help_text="The whole prompt, cached parts included.")
    completion_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    cache_written_tokens = serializers.IntegerField()
    reasoning_tokens = serializers.IntegerField()
    units = serializers.DictField(
        child=serializers.FloatField(),
        required=False,
        help_text="What is counted beside tokens: `audio_seconds`, `characters`, `images`, ...",
    )


class PriceSerializer(serializers.Serializer[Any]):
    """US dollars for a million tokens."""

    prompt = serializers.FloatField()
    completion = serializers.FloatField()
    cached = serializers.FloatField()
    cache_written = serializers.FloatField()
    reasoning = serializers.FloatField(allow_null=True)
    request = serializers.FloatField(help_text="US dollars for each request.")


class AttemptSerializer(PlannedCandidateSerializer):
    outcome = serializers.CharField(help_text="`ok`, or the class of the failure.")
    code = serializers.CharField(
        help_text="`ok`, `continued` where it went on with a broken answer, or the failure's "
        "short word; `lost_race` where another target answered first, `cache_hit` where nobody was "
        "asked."
    )
    status = serializers.IntegerField(help_text="Of the upstream; 0 when none arrived.")
    milliseconds = serializers.FloatField()
    started_ms = serializers.FloatField(
        allow_null=True,
        help_text="From the arrival of the request; attempts may run side by side.",
    )
    usage = UsageSerializer(allow_null=True)
    price = PriceSerializer(allow_null=True)
    cost_usd = serializers.FloatField(allow_null=True, help_text="Estimated; null when unknown.")
    estimated = serializers.BooleanField(help_text="The provider never told the usage.")
    cause = serializers.CharField(
        help_text="Why it failed, in a sentence; empty where it answered."
    )


class TargetRejectionSerializer(serializers.Serializer[Any]):
    provider = serializers.CharField()
    model = serializers.CharField()
    reason = serializers.CharField()


class PassedOverRuleSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    why = serializers.CharField()


class DecisionSerializer(serializers.Serializer[Any]):
    hint = serializers.CharField(allow_null=True)
    virtual_model = serializers.CharField(allow_null=True)
    candidates = PlannedCandidateSerializer(many=True)
    rejections = TargetRejectionSerializer(many=True)
    skipped = PassedOverRuleSerializer(many=True)
    warning = serializers.CharField()
    sticky = serializers.CharField(
        help_text="Why the session led to the first candidate: `hash`, `served`, or nothing."
    )
    cache = serializers.ChoiceField(
        choices=("hit", "miss", "bypass"),
        required=False,
        help_text="Absent where the profile has no cache.",
    )
    shadow = serializers.CharField(
        required=False, help_text="Id of the copy that was sent to the profile's shadow."
    )
    shadow_of = serializers.CharField(
        required=False, help_text="Id of the request that this is a copy of."
    )


class FeaturesSerializer(serializers.Serializer[Any]):
    needs = serializers.ListField(child=serializers.CharField())
    last_user_characters = serializers.IntegerField()
    prompt_tokens = serializers.IntegerField(help_text="Estimated.")
    images = serializers.IntegerField()
    reasoning = serializers.BooleanField()


class InteractionSerializer(serializers.Serializer[Any]):
    """One finished request, whatever its end."""

    id = serializers.CharField(help_text="The request id; callers may choose it.")
    time = serializers.DateTimeField(help_text="When it arrived.")
    node = serializers.CharField(help_text="Where it was carried.")
    key = NamedSerializer(allow_null=True)
    group = NamedSerializer(allow_null=True)
    owner = NamedSerializer(allow_null=True)
    session = serializers.CharField()
    protocol = serializers.CharField()
    request_type = serializers.CharField()
    requested_model = serializers.CharField()
    profile = NamedSerializer(allow_null=True)
    reason = serializers.CharField(help_text="Why it went this way.")
    decision = DecisionSerializer()
    attempts = AttemptSerializer(many=True)
    provider = serializers.CharField(help_text="Of the last attempt.")
    model = serializers.CharField(help_text="What that provider was asked for.")
    answered_model = serializers.CharField(help_text="By the provider's own word.")
    stream = serializers.BooleanField()
    messages = serializers.IntegerField()
    tools = serializers.IntegerField()
    features = FeaturesSerializer()
    duration_ms = serializers.FloatField()
    first_token_ms = serializers.FloatField(allow_null=True)
    usage = UsageSerializer(allow_null=True)
    cost_usd = serializers.FloatField(allow_null=True, help_text="Estimated; null when unknown.")
    finish_reason = serializers.CharField()
    fallback = serializers.ChoiceField(choices=list(FALLBACKS.items()))
    fallback_reason = serializers.CharField(
        help_text="Why another one answered: the code of the first failure, or `unknown_model` or "
        "`no_candidate` where nothing was tried."
    )
    outcome = serializers.ChoiceField(choices=list(OUTCOMES.items()))
    error_code = serializers.CharField()
    status = serializers.IntegerField(help_text="0 when the caller left before any answer.")
    dropped_fields = serializers.ListField(child=serializers.CharField())


@extend_schema_serializer(many=False)
class InteractionPageSerializer(serializers.Serializer[Any]):
    interactions = InteractionSerializer(many=True)
    next = serializers.URLField(allow_null=True, help_text="Older ones.")
    previous = serializers.URLField(allow_null=True, help_text="Newer ones.")
