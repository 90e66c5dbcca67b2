"""What is known of a provider's models, as a table on its page."""

from __future__ import annotations

from typing import Final

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from governance import snapshot
from governance.models import Provider, RoutingTarget

MOST: Final = 50
"""Models that are listed."""


def rendered_facts(row: Provider) -> SafeString:
    """Of the models that the provider or a target names, as the provider is saved."""
    table = snapshot.current()
    provider = table.providers.get(row.name.casefold()) if row.name else None
    if provider is None:
        return SafeString(gettext("Saved providers show it here."))
    targets = RoutingTarget.objects.filter(provider__iexact=row.name).exclude(model="")
    named = targets.order_by("model").values_list("model", flat=True).distinct()
    models = list(dict.fromkeys(filter(None, (row.default_model, *row.models, *named))))
    known = [(model, table.facts(provider, model)) for model in models[:MOST]]
    found = [(model, facts, ", ".join(sorted(facts.capabilities))) for model, facts in known]
    return render_to_string(
        "console/providers/known_facts.html", {"models": found, "more": len(models) - len(found)}
    )
