"""The local models of this node, as operators own them."""

from __future__ import annotations

from typing import Final

from django.conf import settings

from governance.kinds import runtime_of
from governance.models import Provider
from inference.local.store.adding import ModelStore
from inference.local.store.catalog import Catalog, ModelFiles
from inference.local.store.errors import CannotAdd
from inference.local.store.facts import CHAT, TEXT, UnusableModel, read_facts

WRITES_TEXT: Final = (CHAT, TEXT)


def store() -> ModelStore:
    """The models folder, as the settings have it."""
    return ModelStore(settings.MODELS_DIR, settings.DATA_DIR / "cache", settings.MODELS_BYTES)


def provider_of(runtime: str) -> Provider | None:
    """The provider that a model of this runtime is asked for at; the default one goes first."""
    rows = Provider.objects.order_by("-is_default", "-enabled", "name")
    return next((row for row in rows if runtime_of(row.kind) == runtime), None)


def asked_as(files: ModelFiles) -> str:
    """What requests call the model; its bare name where no provider serves its runtime."""
    provider = provider_of(files.runtime)
    return f"{provider.name}/{files.name}" if provider else files.name


def make_default(name: str, *, who: str) -> list[str]:
    """What local providers are asked for where no model is named. Returns what was done, a
    sentence each.

    Raises `Refused`, and CannotAdd for a model that is not there or that no provider serves.
    """
    # A start asks for the provider of a model alone.
    from governance import services

    files = Catalog(settings.MODELS_DIR).find(name)
    if files is None:
        there = ", ".join(Catalog(settings.MODELS_DIR).all()) or "none"
        raise CannotAdd(f"There is no model {name}. Those there are: {there}.")
    try:
        serves = read_facts(files.path).serves
    except UnusableModel as error:
        raise CannotAdd(str(error)) from error
    if serves not in WRITES_TEXT:
        raise CannotAdd(f"{name} serves {serves} and writes no text: it cannot be the default.")
    provider = provider_of(files.runtime)
    if provider is None:
        raise CannotAdd(
            f"No provider serves models of the runtime {files.runtime}: add one of that kind first."
        )
    return services.make_default_model(provider.name, name, who=who)
