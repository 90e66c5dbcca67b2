"""What a new installation starts with. Made once; what a user deleted does not come back."""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction

from governance import services
from governance.errors import Refused
from governance.models import TableVersion
from governance.models.api_key import SCOPES

EMBEDDED_MODEL: Final = "smollm2-135m-instruct"
USERNAME: Final = "admin"
WHO: Final = "embedded defaults"

PROVIDER: Final = {
    "name": "mlx",
    "kind": "mlx",
    "is_local": True,
    "is_default": True,
    "default_model": EMBEDDED_MODEL,
    "capabilities": ["text"],
}
PROFILE: Final = {
    "id": "light",
    "name": "Light",
    "description": "The small model on this machine.",
    "virtual_provider": "light",
    "targets": [{"provider": "mlx", "virtual_model": "light", "model": EMBEDDED_MODEL}],
}
RULES: Final = (
    {
        "name": "complex",
        "match": "any",
        "conditions": [
            {"feature": "last_user_characters", "operator": ">", "value": 2000},
            {"feature": "tools", "operator": ">", "value": 0},
        ],
        "profile": "capable",
    },
    {"name": "simple", "match": "all", "conditions": [], "profile": "fast"},
)
"""They wake up when someone makes the profiles they name; until then they are skipped."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """The admin user and what can be shown of it only now."""

    username: str
    password: str = field(default="", repr=False)
    """Empty unless it was made by this call."""
    api_key: str = field(default="", repr=False)
    """Empty unless it was made by this call."""


@transaction.atomic
def load_embedded_defaults(*, with_model: bool) -> Defaults:
    """Makes what was never made in this database: user, key, rules, and the local model.

    The local model's provider and profile are left out unless `with_model`; a later call with it
    makes them. Whatever is in the way of a part (a provider of that name) stays, without the part.
    """
    version, _ = TableVersion.objects.select_for_update().get_or_create(pk=1)
    wanted = ("user", "key", "rules", *(("model",) if with_model else ()))
    missing = [part for part in wanted if part not in version.defaults]
    made: dict[str, str] = {part: _PARTS[part]() for part in missing}
    if made.get("user"):
        missing.append(_mark(get_user_model().objects.get(username=USERNAME).password))
    if missing:
        TableVersion.objects.filter(pk=1).update(defaults=[*version.defaults, *missing])
    superuser = get_user_model().objects.filter(is_superuser=True).order_by("pk").first()
    username = superuser.get_username() if superuser else USERNAME
    return Defaults(username, made.get("user", ""), made.get("key", ""))


def has_generated_password(user: Any) -> bool:
    """Whether the user's password still is the one that was made here and shown in a banner."""
    marks = TableVersion.objects.values_list("defaults", flat=True).first() or ()
    return _mark(user.password) in marks


def _mark(encoded: str) -> str:
    """Stands for one password of one user, whose hash is salted."""
    return f"password {hashlib.sha256(encoded.encode()).hexdigest()}"


def _user() -> str:
    """The new user's password, "" when there already is someone who may do everything."""
    users = get_user_model().objects
    if users.filter(is_superuser=True).exists() or users.filter(username=USERNAME).exists():
        return ""
    password = secrets.token_urlsafe(12)
    users.create_superuser(USERNAME, email="", password=password)
    return password


def _key() -> str:
    _, secret = services.create_key({"name": "default", "scopes": list(SCOPES)}, who=WHO)
    return secret


def _rules() -> str:
    for rule in RULES:
        with suppress(Refused):
            services.save_rule(rule, who=WHO)
    return ""


def _model() -> str:
    with suppress(Refused):
        services.save_provider(PROVIDER, who=WHO)
    with suppress(Refused):
        services.save_profile(PROFILE, who=WHO)
    return ""


_PARTS: Final = {"user": _user, "key": _key, "rules": _rules, "model": _model}
