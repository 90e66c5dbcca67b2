"""How providers, rules, mappings, API keys and allowances are imported: what their own services do
beside the fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from django.utils.translation import gettext

from governance.errors import Forbidden
from governance.kinds import read_as_today
from governance.models import ApiKey, HeuristicRule, Provider
from governance.routing.fields import Problem
from governance.serializers import (
    MASK,
    KeySerializer,
    ProviderSerializer,
    RuleSerializer,
)
from governance.services import keys, providers, rules
from governance.services.alerts import ALERTS
from governance.services.change import Change
from governance.services.makers import Maker, grantable
from governance.services.plain_rows import PlainRows

Document = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Importer:
    """Who imports, and what they may do."""

    who: str
    credentials: bool = True
    """Whether they may set credentials of providers, and say where these are sent."""
    maker: Maker | None = None
    """What they have to give to API keys; None: everything."""


@dataclass(slots=True)
class Brought:
    """A document as it can be had here, and what is missing of it."""

    document: Document
    warnings: list[Problem] = field(default_factory=list)


class ImportHooks:
    """What a section does besides reading and filling its rows. The plain ones do nothing."""

    def bring(self, document: Document, row: Any) -> Brought:
        """What of the document can be had here; before its rules are asked."""
        return Brought(document)

    def permit(self, document: Document, row: Any, importer: Importer) -> None:
        """Raises `Forbidden` for what this caller may not save."""

    def permit_removal(self, row: Any, importer: Importer) -> None:
        """Raises `Forbidden` for a row that this caller may not remove."""

    def filled(self, made: Change, row: Any, document: Document) -> None:
        """The row is filled, and about to be saved."""

    def done(self, made: Change) -> None:
        """All rows of the section are written."""


class _Providers(ImportHooks):
    """No document has a secret: those that are here stay, others are told of as missing."""

    def bring(self, document: Document, row: Provider) -> Brought:
        warnings = []
        if (
            document.get("has_api_key") is True
            and not row.has_api_key
            and not document.get("api_key")
        ):
            message = gettext("Its API key cannot be brought back: set it anew.")
            warnings.append(Problem("api_key", "secret_lost", message))
        headers = document.get("extra_headers")
        if isinstance(headers, Mapping):
            kept = set(row.header_names())
            lost = [name for name, one in headers.items() if one == MASK and name not in kept]
            for name in lost:
                message = gettext("Its value cannot be brought back: set it anew.")
                warnings.append(Problem(f"extra_headers.{name}", "secret_lost", message))
            left = {name: one for name, one in headers.items() if name not in lost}
            document = {**document, "extra_headers": left}
        return Brought(document, warnings)

    def permit(self, document: Document, row: Provider, importer: Importer) -> None:
        if importer.credentials:
            return
        found = providers.credential_problems(document, row)
        if found:
            raise Forbidden(found)

    def permit_removal(self, row: Provider, importer: Importer) -> None:
        found = providers.deletion_problems(row, importer.credentials)
        if found:
            raise Forbidden(found)

    def filled(self, made: Change, row: Provider, document: Document) -> None:
        if row.is_default:
            providers.unmark_others(made, row)


class _Alerts(ImportHooks):
    """An address that was exported without its secret part cannot be brought back."""

    def bring(self, document: Document, row: Any) -> Brought:
        brought = Brought(document)
        for one in ALERTS.problems(document, row):
            if one.code == "unknown_url":
                message = gettext("Its webhook can not be brought back: set it anew.")
                brought.warnings.append(Problem(one.path, "secret_lost", message))
                brought.document = {**brought.document, one.path: ""}
        return brought


class _Rules(ImportHooks):
    """Those that name no position come behind the others."""

    def filled(self, made: Change, row: HeuristicRule, document: Document) -> None:
        if document.get("position") is None:
            held = HeuristicRule.objects.filter(pk=row.pk).values_list("position", flat=True)
            row.position = next(iter(held), HeuristicRule.objects.count())

    def done(self, made: Change) -> None:
        rules.renumber(made, HeuristicRule.objects.all())


class _Keys(ImportHooks):
    """Nobody grants more than they have."""

    def permit(self, document: Document, row: ApiKey, importer: Importer) -> None:
        grantable(importer.maker, document, row)


class _ProviderSerializer(ProviderSerializer):
    """Kinds that have another name today are read by it."""

    @classmethod
    def fill(cls, row: Provider, document: Document) -> None:
        ProviderSerializer.fill(row, read_as_today(document))


def _key_problems(document: object, row: ApiKey) -> list[Problem]:
    return keys.save_problems(document)


PROVIDERS: Final = PlainRows(
    providers.KIND,
    Provider,
    _ProviderSerializer,
    providers.save_problems,
    secrets=providers.secrets_in,
)
RULES: Final = PlainRows(rules.KIND, HeuristicRule, RuleSerializer, rules.save_problems)
KEYS: Final = PlainRows(keys.KIND, ApiKey, KeySerializer, _key_problems)

OF_PROVIDERS: Final = _Providers()
OF_ALERTS: Final = _Alerts()
OF_RULES: Final = _Rules()
OF_KEYS: Final = _Keys()
PLAIN: Final = ImportHooks()
