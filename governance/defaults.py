"""What a new installation starts with. Made once; what a user deleted does not come back.

Services are imported where they make something: later starts make nothing, and do without them.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

from django.contrib.auth import get_user_model
from django.db import transaction

from governance.errors import Refused
from governance.models import Provider, TableVersion
from governance.models.api_key import SCOPES

EMBEDDED_MODEL: Final = "smollm2-135m-instruct"
EMBEDDED_GGUF: Final = "smollm2-135m-instruct-f16"
"""The same weights for the other runtime."""
USERNAME: Final = "admin"
WHO: Final = "embedded defaults"

PROVIDERS: Final[Mapping[str, dict[str, Any]]] = {
    "mlx": {
        "name": "mlx",
        "kind": "mlx",
        "is_local": True,
        "default_model": EMBEDDED_MODEL,
        "capabilities": ["text"],
    },
    "llama_cpp": {
        "name": "llama-cpp",
        "kind": "llama_cpp",
        "is_local": True,
        "default_model": EMBEDDED_GGUF,
        "capabilities": ["text"],
    },
}
"""By runtime of the engine."""
PROFILE: Final = {
    "id": "light",
    "name": "Light",
    "description": "The small model on this machine.",
    "virtual_provider": "light",
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
def load_embedded_defaults(*, runtimes: Sequence[str]) -> Defaults:
    """Makes what was never made in this database: user, key, rules, and the local model.

    `runtimes` are those of the local engine that are there, the best for this machine first. Each
    has a provider; the profile asks them in this order when it is made. What was left out before
    is made by a later call that has it. Whatever is in the way of a part (a provider of that name)
    stays, without the part.
    """
    version, _ = TableVersion.objects.select_for_update().get_or_create(pk=1)
    known = set(version.defaults)
    if "model" in known and not known.intersection(PROVIDERS):
        # Made when MLX was the only runtime there was.
        version.defaults = [*version.defaults, "mlx"]
    parts: dict[str, Callable[[], str]] = {"user": _user, "key": _key, "rules": _rules}
    parts |= {runtime: partial(_provider, runtime) for runtime in runtimes}
    if runtimes:
        parts["model"] = partial(_profile, runtimes)
    missing = [part for part in parts if part not in version.defaults]
    made: dict[str, str] = {part: parts[part]() for part in missing}
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
    from governance import services

    _, secret = services.create_key({"name": "default", "scopes": list(SCOPES)}, who=WHO)
    return secret


def _rules() -> str:
    from governance import services

    for rule in RULES:
        with suppress(Refused):
            services.save_rule(rule, who=WHO)
    return ""


def _provider(runtime: str) -> str:
    """The first one that is made becomes the default, unless there is one."""
    from governance import services

    document = PROVIDERS[runtime]
    is_default = not Provider.objects.filter(is_default=True).exists()
    with suppress(Refused):
        services.save_provider({**document, "is_default": is_default}, who=WHO)
    return ""


def _profile(runtimes: Sequence[str]) -> str:
    from governance import services

    targets = [
        {
            "provider": PROVIDERS[runtime]["name"],
            "virtual_model": "light" if place == 1 else "",
            "model": PROVIDERS[runtime]["default_model"],
            "priority": place,
        }
        for place, runtime in enumerate(runtimes, start=1)
    ]
    with suppress(Refused):
        services.save_profile({**PROFILE, "targets": targets}, who=WHO)
    return ""
