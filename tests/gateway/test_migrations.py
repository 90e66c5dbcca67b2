"""Whoever held a permission of the console before it was called so holds it afterwards."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command


@pytest.mark.django_db(transaction=True)
def test_roles_keep_the_permissions_of_the_console() -> None:
    def held() -> dict[str, list[str]]:
        ContentType.objects.clear_cache()
        names = ("view_engine", "operate_engine", "use_playground")
        found = Permission.objects.filter(codename__in=names)
        return {one.codename: [str(one.pk), one.content_type.model] for one in found}

    after = held()
    assert {model for _, model in after.values()} == {"console"}
    try:
        call_command("migrate", "gateway", "0002", verbosity=0)
        before = held()
        assert before == {name: [pk, "desk"] for name, (pk, _) in after.items()}
        group = Group.objects.create(name="Talkers")
        group.permissions.add(int(before["use_playground"][0]))
    finally:
        call_command("migrate", "gateway", verbosity=0)
    assert held() == after
    assert [one.content_type.model for one in group.permissions.all()] == ["console"]
