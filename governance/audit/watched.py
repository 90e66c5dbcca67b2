"""Models that no service of ours writes: people, groups, and what libraries keep of them.

Whoever changes a row of theirs (a page, a command, a library), the audit log hears of it by
Django's signals. `watch` names what is told of a model; nothing else of it is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.contrib.auth.models import Group, User
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save, pre_save

from governance.audit.entries import Act, record


@dataclass(frozen=True, slots=True)
class Watched:
    """What is told of the rows of a model."""

    kind: str
    fields: tuple[str, ...]
    secrets: tuple[str, ...] = ()
    """Fields of which only that they changed is told."""
    name: Callable[[Any], str] = str


_WATCHED: Final[dict[type[Model], Watched]] = {}
_BEFORE: Final = "_audited_before"
_VERBS: Final = {"post_add": "added", "post_remove": "removed", "pre_clear": "removed"}


@dataclass(frozen=True, slots=True)
class _Relation:
    model: type[Model]
    field: str
    words: str


def watch(model: type[Model], watched: Watched) -> None:
    """From now on what happens to rows of the model is told."""
    _WATCHED[model] = watched
    uid = f"audit.{model._meta.label}"
    pre_save.connect(_remember, sender=model, dispatch_uid=uid)
    post_save.connect(_saved, sender=model, dispatch_uid=uid)
    post_delete.connect(_deleted, sender=model, dispatch_uid=uid)


def watch_relation(model: type[Model], field: str, words: str) -> None:
    """From now on what is added to a many-to-many field, and taken from it, is told.

    `words` is what one item is called.
    """

    relation = _Relation(model, field, words)

    def told(
        sender: Any, instance: Any, action: str, reverse: bool, pk_set: Any, **rest: Any
    ) -> None:
        if action in _VERBS:
            _related(relation, instance, action, reverse, pk_set)

    through = model._meta.get_field(field).remote_field.through  # type: ignore[union-attr]  # a many-to-many field has one
    m2m_changed.connect(told, sender=through, weak=False, dispatch_uid=f"audit.{through}")


def connect() -> None:
    """Watches Django's own people and groups."""
    plain = ("username", "email", "first_name", "last_name")
    flags = ("is_active", "is_staff", "is_superuser")
    watch(User, Watched("user", (*plain, *flags), secrets=("password",)))
    watch(Group, Watched("group", ("name",)))
    watch_relation(User, "groups", "group")
    watch_relation(User, "user_permissions", "permission")
    watch_relation(Group, "permissions", "permission")
    user_logged_in.connect(_signed_in, dispatch_uid="audit.sign_in")
    user_logged_out.connect(_signed_out, dispatch_uid="audit.sign_out")


def _document(row: Model, watched: Watched) -> dict[str, Any]:
    return {name: _plain(getattr(row, name)) for name in (*watched.fields, *watched.secrets)}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _remember(sender: type[Model], instance: Model, **rest: Any) -> None:
    watched = _WATCHED[sender]
    row = None if instance._state.adding else sender._default_manager.filter(pk=instance.pk).first()
    setattr(instance, _BEFORE, None if row is None else _document(row, watched))


def _saved(sender: type[Model], instance: Model, raw: bool = False, **rest: Any) -> None:
    # With the first change: the words rest on the serializers, which requests do without.
    from governance.change_summary import changed, described

    watched = _WATCHED[sender]
    before: Mapping[str, Any] | None = instance.__dict__.pop(_BEFORE, None)
    after = _document(instance, watched)
    if before is None:
        _tell("create", instance, watched, described(_labelled(sender, after, watched)))
        return
    words = changed(_labelled(sender, before, watched), _labelled(sender, after, watched))
    words += [f"{name} replaced" for name in watched.secrets if before[name] != after[name]]
    if words:
        _tell("change", instance, watched, words)


def _deleted(sender: type[Model], instance: Model, **rest: Any) -> None:
    from governance.change_summary import described

    watched = _WATCHED[sender]
    words = described(_labelled(sender, _document(instance, watched), watched))
    _tell("delete", instance, watched, words)


def _related(relation: _Relation, instance: Any, action: str, reverse: bool, keys: Any) -> None:
    """Told of the side that holds the field, whichever side it was done from."""
    field: Any = relation.model._meta.get_field(relation.field)
    if keys is None:
        accessor = field.remote_field.get_accessor_name() if reverse else relation.field
        keys = list(getattr(instance, accessor).values_list("pk", flat=True))
    far = relation.model if reverse else field.related_model
    others = list(far._default_manager.filter(pk__in=keys))
    holders, items = (others, [instance]) if reverse else ([instance], others)
    names = sorted(map(str, items))
    for holder in holders if names else ():
        told = [f"{relation.words} {name} {_VERBS[action]}" for name in names]
        _tell("change", holder, _WATCHED[relation.model], told)


def _signed_in(sender: Any, user: User, **rest: Any) -> None:
    _came_or_went("sign in", user)


def _signed_out(sender: Any, user: User | None, **rest: Any) -> None:
    """Nobody signs out where the session had ended before."""
    if user is not None:
        _came_or_went("sign out", user)


def _came_or_went(action: str, user: User) -> None:
    name = user.get_username()
    record([Act(action, "user", name, name, str(user.pk))], actor=name)


def _labelled(model: type[Model], document: Mapping[str, Any], watched: Watched) -> dict[str, Any]:
    """What may be shown of it, under the names that people know the columns by."""
    names = {name: str(model._meta.get_field(name).verbose_name) for name in watched.fields}  # type: ignore[union-attr]  # columns, no relations
    return {label: document[name] for name, label in names.items()}


def _tell(action: str, row: Model, watched: Watched, words: list[str]) -> None:
    name = watched.name(row)
    record([Act(action, watched.kind, name, name, str(row.pk), words)])
