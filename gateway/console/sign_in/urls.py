"""Of django-allauth's addresses those that a sign-in needs; the others lead back to ours."""

from django.urls import path
from django.views.generic import RedirectView

from gateway.console.sign_in import forgotten, links, oidc, passkeys, two_factor

_back = RedirectView.as_view(pattern_name="admin:login")

urlpatterns = [
    path("accounts/<str:provider_id>/login/", oidc.begin, name="openid_connect_login"),
    path("accounts/<str:provider_id>/login/callback/", oidc.end, name="openid_connect_callback"),
    path("accounts/login/", _back, name="account_login"),
    path("accounts/signup/", _back, name="account_signup"),
    path("accounts/logout/", _back, name="account_logout"),
    path("accounts/inactive/", oidc.refused, name="account_inactive"),
    path("accounts/error/", oidc.refused, name="socialaccount_login_error"),
    path("accounts/cancelled/", oidc.refused, name="socialaccount_login_cancelled"),
    path("accounts/social/signup/", oidc.refused, name="socialaccount_signup"),
    path("accounts/connections/", oidc.refused, name="socialaccount_connections"),
    path("admin/two-factor/", two_factor.show, name="two-factor"),
    path("admin/two-factor/on", two_factor.turn_on, name="two-factor-on"),
    path("admin/two-factor/off", two_factor.turn_off, name="two-factor-off"),
    path("admin/passkeys/options", passkeys.add_options, name="passkey-add-options"),
    path("admin/passkeys/add", passkeys.add, name="passkey-add"),
    path("admin/passkeys/remove", passkeys.remove, name="passkey-remove"),
    path("accounts/forgotten/", forgotten.ask, name="forgotten-password"),
    path(
        "accounts/password/<uidb64>/<token>/",
        links.ChoosePassword.as_view(link=links.FORGOTTEN),
        name="reset-password",
    ),
    path(
        "accounts/invitation/<uidb64>/<token>/",
        links.ChoosePassword.as_view(link=links.INVITATION),
        name="invitation",
    ),
    path("accounts/passkey/options", passkeys.sign_in_options, name="passkey-options"),
    path("accounts/passkey/", passkeys.sign_in, name="passkey-sign-in"),
]
