"""Settings of how people sign in, and of what their browsers may run; a part of `settings`."""

from __future__ import annotations

from datetime import timedelta

from csp.constants import NONCE, NONE, SELF, UNSAFE_EVAL, UNSAFE_INLINE

from gateway.environment import BadSetting, Environment

env = Environment()
"""The one that all settings are read by, since it knows which variables nobody asked for."""

AUTHENTICATION_BACKENDS = [
    "gateway.console.sign_in.throttle.Throttle",
    "django.contrib.auth.backends.ModelBackend",
]
# By account, and by address: neither many guesses at one nor one guess at many goes on for long.
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=5)
# Or a stranger who goes on guessing would keep the operator out for good.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_RESET_ON_SUCCESS = True
AXES_HTTP_RESPONSE_CODE = 429
AXES_CLIENT_IP_CALLABLE = "gateway.server.client_address.client_address"
AXES_LOCKOUT_CALLABLE = "gateway.console.sign_in.throttle.locked_out"
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

OIDC_ISSUER = env.text("OIDC_ISSUER").rstrip("/")
"""Address of the OpenID Connect provider that people sign in by; empty: none."""
OIDC_NAME = env.text("OIDC_NAME", "OpenID Connect")
OIDC_GROUPS_CLAIM = env.text("OIDC_GROUPS_CLAIM", "groups")
OIDC_ROLES = env.pairs("OIDC_ROLES")
"""The role that each group of the provider stands for: `llm-admins=Administrator`."""
OIDC_SESSION_SECONDS = env.number("OIDC_SESSION_HOURS", 8, minimum=1) * 3600
"""After how long someone has to sign in again, and with that to show the groups of then."""
OIDC_CLIENT_ID, OIDC_CLIENT_SECRET = env.text("OIDC_CLIENT_ID"), env.text("OIDC_CLIENT_SECRET")
if OIDC_ISSUER and not (OIDC_CLIENT_ID and OIDC_ROLES):
    raise BadSetting("POINTSMAN_OIDC_ISSUER needs POINTSMAN_OIDC_CLIENT_ID and _OIDC_ROLES too.")
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "oidc",
                "name": OIDC_NAME,
                "client_id": OIDC_CLIENT_ID,
                "secret": OIDC_CLIENT_SECRET,
                "settings": {"server_url": OIDC_ISSUER},
            }
        ]
        if OIDC_ISSUER
        else [],
    }
}
SOCIALACCOUNT_OPENID_CONNECT_URL_PREFIX = ""
SOCIALACCOUNT_ADAPTER = "gateway.console.sign_in.oidc.Roles"
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "gateway.console.sign_in.oidc.Accounts"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_UNIQUE_EMAIL = False
ACCOUNT_SIGNUP_FIELDS = ["username*"]
# Of one web process: each counts by itself.
ACCOUNT_RATE_LIMITS = {"passkey": "10/m/ip", "forgotten_password": "10/h/ip,5/h/key"}
MFA_ADAPTER = "gateway.console.sign_in.two_factor.SealedByTheRing"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True

CONTENT_SECURITY_POLICY = {
    # The REST API answers with JSON alone.
    "EXCLUDE_URL_PREFIXES": ["/api/governance"],
    "DIRECTIVES": {
        "default-src": [SELF],
        # Alpine, which the theme brings, evaluates the expressions of its own attributes.
        "script-src": [SELF, NONCE, UNSAFE_EVAL],
        # The theme sets its colours in a style element, and charts set theirs.
        "style-src": [SELF, UNSAFE_INLINE],
        "img-src": [SELF, "data:", "blob:"],
        "font-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        # A browser follows a form to where its answer leads.
        "form-action": [SELF, *([OIDC_ISSUER] if OIDC_ISSUER else [])],
        "frame-ancestors": [NONE],
    },
}
