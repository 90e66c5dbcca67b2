"""Users and groups in the look of the other pages."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as BaseGroupAdmin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.models import Group, User
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import BooleanField
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldBooleanSwitchWidget

from gateway.console.audit.history import AuditedAdmin
from gateway.console.forms.document_form import PlainForm as ModelForm
from gateway.console.forms.fields import ChoiceField
from gateway.console.people import invitation, roles, ways_in
from gateway.console.sign_in import links
from gateway.console.sign_in.sessions import sessions_of
from gateway.console.sign_in.two_factor import SignInForm
from gateway.console.theme.admin_classes import ModelAdmin, display
from governance.audit.watched import Watched, watch

# What a library keeps of people is no page of its own: accounts of providers, devices, addresses.
for label in ("account", "socialaccount", "mfa"):
    for model in apps.get_app_config(label).get_models():
        if admin.site.is_registered(model):
            admin.site.unregister(model)
admin.site.login_form = SignInForm
watch(Authenticator, Watched("two-factor sign-in", ("user", "type"), secrets=("data",)))
watch(SocialAccount, Watched("account of a provider", ("user", "provider", "uid")))

admin.site.unregister(User)
admin.site.unregister(Group)


class RoleForm(ModelForm):
    """The part of both forms that says what a person may do."""

    role = ChoiceField(
        [],
        label=_("Role"),
        help_text=_(
            "Viewers see everything but the playground and people; operators change routing and "
            "providers; administrators also credentials, keys and people."
        ),
    )

    chooser: Any = None
    """Who fills the form."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" not in self.fields:
            return
        user = None if self.instance._state.adding else self.instance
        field = self.fields["role"]
        assert isinstance(field, ChoiceField)
        field.choices = roles.choices(user, self.chooser)
        self.initial["role"] = roles.NONE if user is None else roles.role_of(user)

    def clean_role(self) -> str:
        """No more than is offered: nobody makes themselves a superuser by a form made up."""
        role = str(self.cleaned_data["role"])
        user = None if self.instance._state.adding else self.instance
        if role not in dict(roles.choices(user, self.chooser)):
            raise ValidationError(gettext("Choose one of the roles."))
        return role


class PersonForm(RoleForm, UserChangeForm):  # type: ignore[misc]  # the theme has no types
    """In words that do not ask for a knowledge of Django."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "is_active" in self.fields:
            self.fields["is_active"].help_text = gettext("Off: they cannot sign in.")


class NewPersonForm(RoleForm, UserCreationForm):  # type: ignore[misc]  # the theme has no types
    """With a password, or an invitation to choose one."""

    invite = BooleanField(
        label=_("Invite by e-mail"),
        help_text=_("They get a link to choose a password by; leave both passwords empty."),
        required=False,
        widget=UnfoldBooleanSwitchWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        refused = links.unavailable()
        if refused:
            self.fields["invite"].disabled = True
            self.fields["invite"].help_text = refused

    def validate_passwords(self, *args: str, **named: str) -> None:
        if self.cleaned_data.get("invite"):
            self.cleaned_data["set_usable_password"] = False
            if not self.cleaned_data.get("email"):
                self.add_error("email", gettext("An invitation needs an e-mail address."))
        else:
            super().validate_passwords(*args, **named)


@admin.register(User)
class UserAdmin(AuditedAdmin, BaseUserAdmin, ModelAdmin):  # type: ignore[type-arg]  # generic in the stubs alone
    audited_as = "user"
    form = PersonForm
    add_form = NewPersonForm
    change_form_outer_after_template = "console/people/after.html"
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "role_shown", "state_shown", "last_login")
    list_filter = ("groups", "is_active", "is_superuser")
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": (("username", "role"), ("is_active", "password"))}),
        (_("Person"), {"fields": (("first_name", "last_name"), "email")}),
        (
            _("Sign-in"),
            {"fields": (("last_login", "date_joined"), "sessions_shown", "invitation_shown")},
        ),
    )
    add_fieldsets = (
        (None, {"fields": (("username", "role"), ("email", "invite"), ("password1", "password2"))}),
    )
    readonly_fields = ("last_login", "date_joined", "sessions_shown", "invitation_shown")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *arguments: Any, **named: Any
    ) -> HttpResponse:
        """Forms of their own stand behind that of the person: a button within it would be what the
        Enter key presses."""
        user = context.get("original")
        if user is not None:
            context |= ways_in.shown(request, user)
        answer: HttpResponse = super().render_change_form(request, context, *arguments, **named)
        return answer

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.chooser = request.user
        return form

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        role = form.cleaned_data.get("role")
        if role and role != form.initial.get("role"):
            roles.give(form.instance, role)
        if form.cleaned_data.get("invite"):
            transaction.on_commit(lambda: invitation.invite(request, form.instance))

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups", "user_permissions")

    @display(_("Role"))
    def role_shown(self, row: User) -> str:
        return roles.words_of(row)

    @display(_("State"), label={"active": "success", "switched off": "default"})
    def state_shown(self, row: User) -> tuple[str, str]:
        if row.is_active:
            return "active", gettext("active")
        return "switched off", gettext("switched off")

    @admin.display(description=_("Sessions"))
    def sessions_shown(self, row: User) -> SafeString:
        """Where they are signed in now, with the page that ends it."""
        found = list(sessions_of(row))
        listed = format_html_join(
            "",
            "<li>{}</li>",
            ((f"{one.address or '?'} · {one.agent[:60] or '?'}",) for one in found),
        )
        words = gettext("Manage sessions") if found else gettext("Not signed in")
        return format_html(
            '<ul>{}</ul><a class="underline" href="{}">{}</a>',
            *(listed, reverse("console:sessions"), words),
        )

    @admin.display(description=_("Invitation"))
    def invitation_shown(self, row: User) -> Any:
        return invitation.shown(row)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whoever sets the password of a superuser is one, so that is for superusers alone."""
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not above and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return not above and super().has_delete_permission(request, obj)


@admin.register(Group)
class GroupAdmin(AuditedAdmin, BaseGroupAdmin, ModelAdmin):
    audited_as = "group"
    filter_horizontal = ()
