"""Users and groups in the look of the other pages."""

from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group, User
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from gateway.console.audit.history import AuditedAdmin
from gateway.console.theme.admin_classes import ModelAdmin

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(AuditedAdmin, BaseUserAdmin, ModelAdmin):  # type: ignore[type-arg]
    audited_as = "user"
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    # Django's two boxes cannot be read by everyone; a list with several chosen can.
    filter_horizontal = ()


@admin.register(Group)
class GroupAdmin(AuditedAdmin, BaseGroupAdmin, ModelAdmin):
    audited_as = "group"
    filter_horizontal = ()
