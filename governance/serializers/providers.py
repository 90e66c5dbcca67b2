from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from rest_framework import serializers

from governance.kinds import kind_named, stays_here
from governance.models import Provider
from governance.routing.fields import Problem
from governance.routing.model_facts import CAPABILITIES, FACT_FIELDS, facts_problems
from governance.routing.provider_rules import (
    address_problems,
    base_url_problems,
    header_problems,
    name_problems,
)
from governance.serializers.fields import Strict
from governance.serializers.strict import Reading, StrictSerializer

LIVELY_IDLE: Final = 30.0
"""Seconds of silence in the middle of an answer, where a provider tells that it is there: one that
says nothing for so long is gone. For those that tell nothing the column's default holds."""
MASK: Final = "********"
"""Stands for the value of a header, which is never shown. Sent back, it keeps the value."""

Document = Mapping[str, Any]


class CredentialField(serializers.CharField):
    """Absent keeps the credential; "" and null clear it. It is never shown."""

    def read(self, reading: Reading) -> str:
        assert self.max_length is not None
        return reading.text("api_key", self.max_length)

    def fill_from(self, row: Provider, document: Document) -> None:
        if "api_key" in document:
            row.set_api_key(document["api_key"] or "")


class StrictHeadersField(serializers.DictField):
    """Absent keeps them all; a header whose value is the mask keeps its value."""

    def read(self, reading: Reading) -> None:
        headers = reading.document.get("extra_headers")
        if headers is not None:
            reading.found += header_problems(headers)

    def fill_from(self, row: Provider, document: Document) -> None:
        if "extra_headers" not in document:
            return
        headers = document["extra_headers"] or {}
        kept = row.reveal_headers() if MASK in headers.values() else {}
        row.set_extra_headers(
            {
                name: kept.get(name, "") if value == MASK else value
                for name, value in headers.items()
            }
        )

    def show(self, row: Provider) -> dict[str, str]:
        return dict.fromkeys(row.header_names(), MASK)


class FactsSerializer(serializers.Serializer[Any]):
    model = serializers.CharField(
        max_length=300, help_text="A name; with * behind it, the beginning of one."
    )
    context_length = serializers.IntegerField(
        required=False, allow_null=True, help_text="Tokens, prompt and answer together."
    )
    max_output_tokens = serializers.IntegerField(required=False, allow_null=True)
    capabilities = serializers.ListField(
        child=serializers.ChoiceField(choices=CAPABILITIES), required=False
    )


class FactsField(Strict, serializers.ListSerializer[Any]):
    """Facts of models, with what is said of each in one order, whatever order it came in."""

    def read(self, reading: Reading) -> None:  # type: ignore[override]  # a document in place of a value
        reading.found += facts_problems(reading.document.get(self.name))

    def kept(self, value: Any) -> list[dict[str, Any]]:
        return [{name: one[name] for name in FACT_FIELDS if one.get(name)} for one in value]


def _name(reading: Reading) -> Iterable[Problem]:
    beside = reading.beside
    return name_problems(
        reading.values,
        others=beside.get("others", ()),
        virtual_providers=beside.get("virtual_providers", ()),
    )


def _base_url(reading: Reading) -> Iterable[Problem]:
    told = any(one.path == "base_url" for one in reading.found)
    return () if told else base_url_problems(reading.values)


def _address(reading: Reading) -> Iterable[Problem]:
    return address_problems(reading.values)


class ProviderSerializer(StrictSerializer):
    """A place that answers requests. Times are seconds."""

    noun = "A provider"
    placed = {"api_key": "base_url", "extra_headers": "capabilities"}
    check_after = {"is_local": "max_concurrency"}
    rules = {"name": _name, "base_url": _base_url, "is_default": _address}

    api_key = CredentialField(
        write_only=True,
        required=False,
        allow_blank=True,
        allow_null=True,
        max_length=4_000,
        help_text="Never shown. Left out it stays; blank or null clears it.",
    )
    extra_headers = StrictHeadersField(
        child=serializers.CharField(allow_blank=True),
        required=False,
        help_text=f"Values are shown as `{MASK}`; sent back so, they stay.",
    )
    has_api_key = serializers.BooleanField(read_only=True)
    model_facts = FactsField(child=FactsSerializer(), required=False)
    credential = serializers.ChoiceField(
        choices=("none", "set", "unreadable"),
        read_only=True,
        help_text="`unreadable`: no key of the ring opens it; set it anew.",
    )

    class Meta:
        model = Provider
        exclude = ("id",)
        extra_kwargs = {"name": {"read_to": 200}}

    @classmethod
    def fill(cls, row: Provider, document: Document) -> None:
        super().fill(row, document)
        if document.get("is_local") is None:
            row.is_local = stays_here(row.kind, row.base_url)
        kind = kind_named(row.kind)
        if document.get("idle_timeout") is None and kind is not None and kind.signs_of_life:
            row.idle_timeout = LIVELY_IDLE
