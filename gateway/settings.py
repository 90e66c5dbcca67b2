"""Django's settings. Everything an installation may change comes from `POINTSMAN_*` variables."""

from __future__ import annotations

import sys
from pathlib import Path

from cryptography.fernet import Fernet
from django.templatetags.static import static
from django.urls import reverse

from gateway import installation, logs
from gateway.environment import (
    SERVERS,
    kept_secret,
    made_node_name,
    node_name,
    private_directory,
    redis_url,
)
from gateway.languages import languages
from gateway.server.memory import memory_limit
from gateway.settings_mail import *  # noqa: F403  # settings are what a module holds
from gateway.settings_people import *  # noqa: F403
from gateway.settings_people import env
from governance.routing import fallback_modes
from governance.socket_path import bindable

BASE_DIR = Path(__file__).resolve().parent.parent
ENVIRONMENT = env

DATA_DIR = env.path("DATA_DIR", BASE_DIR / "var")
"""Everything the service keeps lives under here. Key hashes and sessions are nobody else's."""
private_directory(DATA_DIR)

DEBUG = env.flag("DEBUG", default=False)
_SECRETS = DATA_DIR / "secrets"
_SECRET_KEY_FILE = _SECRETS / "secret_key"
SECRET_KEY = installation.signing_key(
    env.text("SECRET_KEY")
    or kept_secret(_SECRET_KEY_FILE, needed_by=installation.marker(DATA_DIR), instead="SECRET_KEY"),
    "POINTSMAN_SECRET_KEY" if env.text("SECRET_KEY") else str(_SECRET_KEY_FILE),
)

ENCRYPTION_KEY_FILE = _SECRETS / "encryption_key"
ENCRYPTION_KEYS = installation.encryption_keys(
    env.words("ENCRYPTION_KEYS"), "POINTSMAN_ENCRYPTION_KEYS"
) or installation.encryption_keys(
    [
        kept_secret(
            ENCRYPTION_KEY_FILE,
            lambda: Fernet.generate_key().decode(),
            needed_by=installation.marker(DATA_DIR),
            instead="ENCRYPTION_KEYS",
        )
    ],
    str(ENCRYPTION_KEY_FILE),
)
"""Key ring for credentials at rest: the first encrypts, all decrypt."""

ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("TRUSTED_ORIGINS")
CORS_ORIGINS = env.origins("CORS_ORIGINS")
"""Origins whose pages may call the chat API; `*`: every one. None by default."""
EXPOSED = env.flag(
    "EXPOSED", default=bool(set(ALLOWED_HOSTS) - {"localhost", "127.0.0.1", "[::1]"})
)
"""Others can reach it: `up` says so by the address it listens on, else the hosts it answers to."""
HTTPS = env.flag("HTTPS", default=False)
"""The service is reached over TLS: cookies are marked secure and plain requests are redirected."""

# --- The gateway ---------------------------------------------------------------------------------

REQUIRE_API_KEY = env.flag("REQUIRE_API_KEY", default=True)
ENABLE_CLOUD_ROUTING = env.flag("ENABLE_CLOUD_ROUTING", default=False)
LOCAL_FALLBACK = env.choice("LOCAL_FALLBACK", fallback_modes.MODES)
"""Whether local inference takes over where a route fails, for profiles and keys that do not say."""
ENABLE_BATCHING = env.flag("ENABLE_BATCHING", default=False)
MAX_BODY_BYTES = env.number("MAX_BODY_MIB", 32, minimum=1) * 1024 * 1024
MAX_CONNECTIONS = env.number("MAX_CONNECTIONS", 8192, minimum=1)
"""Open in one web process at a time."""
MAX_BUFFERED_BYTES = (
    1024
    * 1024
    * max(
        env.number("MAX_BUFFERED_MIB", memory_limit() // 4 // 1024**2, minimum=1),
        2 * MAX_BODY_BYTES // 1024**2,
    )
)
"""Of request bodies that one web process holds at a time; twice the largest one at least."""
MAX_BUFFERED_BYTES_PER_KEY = (
    1024
    * 1024
    * max(
        env.number("MAX_BUFFERED_PER_KEY_MIB", MAX_BUFFERED_BYTES // 2 // 1024**2, minimum=1),
        2 * MAX_BODY_BYTES // 1024**2,
    )
)
"""The same for one API key, or one address where there is no key."""
MAX_PAGE_BYTES = max(MAX_BUFFERED_BYTES // 4, MAX_BODY_BYTES)
"""Beside that, what it holds of bodies that are sent to the desk and to REST."""
MAX_FILE_BYTES = min(
    max(MAX_BODY_BYTES, env.number("MAX_FILE_MIB", 512, minimum=1) * 1024 * 1024),
    MAX_BUFFERED_BYTES_PER_KEY,
)
"""The largest upload that a provider is to keep. Beyond its first MiB it waits on disk, and counts
as if it were held."""
SPOOL_DIR = DATA_DIR / "run"
"""Where files and forms are kept while they are sent on, beyond the first MiB of each; without a
name, so that nobody else sees them."""
MODELS_DIR = env.path("MODELS_DIR", DATA_DIR / "models")
MODELS_BYTES = env.number("MODELS_MIB", 0) * 1024 * 1024
"""What the models there may take up together, for those that are added; 0: what the disk has."""
ENGINE_SOCKET = str(bindable(env.path("ENGINE_SOCKET", DATA_DIR / "run" / "engine.sock")))
"""Unix socket of the local engine."""
ENGINE_MEMORY_MIB = env.number("ENGINE_MEMORY_MIB", 0)
"""What the models loaded at a time may take up; 0: 60 % of the machine's memory."""
ENGINE_IDLE_MINUTES = env.number("ENGINE_IDLE_MINUTES", 0)
"""After how long an idle model is unloaded; 0: never."""
ENGINE_QUEUE_LIMIT = env.number("ENGINE_QUEUE_LIMIT", 64, minimum=1)
"""Requests that may wait for one model; more get a 429."""
ENGINE_BATCH_SIZE = env.number("ENGINE_BATCH_SIZE", 8, minimum=1)
"""Requests a model answers at a time where batching is on."""
INTERACTION_LOG_DIR = env.path("INTERACTION_LOG_DIR", DATA_DIR / "interactions")
INTERACTION_DAYS = env.number("INTERACTION_DAYS", 30, minimum=1)
"""How long `manage.py prune_interactions` lets interactions live."""
NODE_NAME = node_name(env) or kept_secret(DATA_DIR / "node_name", made_node_name)
"""What tells this machine or container apart from others on the same database."""
MODEL_CATALOG = DATA_DIR / "run" / "collector" / NODE_NAME / "models.json"
"""What the collector found out about the models that are configured, for web processes."""
LOG_BUDGET_BYTES = env.number("LOG_BUDGET_MIB", 4096, minimum=1) * 1024 * 1024
"""What records may take up on disk that the collector has not taken in, as in an outage."""
LOG_CONTENT = env.flag("LOG_CONTENT", default=False)
"""Requests and answers go into the JSONL log too; never into the database."""
KEEP_RESPONSES = env.flag("KEEP_RESPONSES", default=False)
"""Answers of `/v1/responses` are kept unless the request says `store: false`, so that a later
request may refer to them. Off: only where the request says `store: true`."""
CACHE_BYTES = env.number("CACHE_MIB", 64) * 1024 * 1024
"""Of cached answers that one web process holds, where routing profiles have a cache."""
REDIS_URL = redis_url(env)
"""Where cached answers are shared between processes and nodes; empty: nowhere."""
KEPT_RESPONSES_BYTES = env.number("KEPT_RESPONSES_MIB", 64) * 1024 * 1024
"""What they may take up of the collector's memory; 0: nothing is kept, whatever requests say."""
KEPT_RESPONSES_MINUTES = env.number("KEPT_RESPONSES_MINUTES", 60, minimum=1)
"""After how long without being used they are forgotten."""
METRICS_PUBLIC = env.flag("METRICS_PUBLIC", default=False)
"""`/metrics` needs no API key."""

DRAIN_SECONDS = env.number("DRAIN_SECONDS", 25)
"""How long streams may still run once the service was asked to end."""

LISTENS_ON = env.text("LISTENS_ON")
"""Host and port; the launcher sets it for the processes it starts."""

SERVER = env.choice("SERVER", SERVERS)
"""How web processes speak HTTP; read by them before there are settings, see `gateway.server`."""

LOGGING_CONFIG = "gateway.logs.configure"
LOGGING = logs.config(logs.level_of(env.text("LOG_LEVEL", "info")))

# --- Django --------------------------------------------------------------------------------------

INSTALLED_APPS = [
    # Daphne's app only lends `runserver` its server; elsewhere it would cost every process Twisted.
    *(["daphne"] if "runserver" in sys.argv else []),
    "unfold",
    "unfold.contrib.filters",
    # Django's own would load every page at every start.
    "gateway.console_apps.Admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "axes",
    "allauth",
    "allauth.account",
    "gateway.console_apps.SocialAccounts",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "csp",
    "channels",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "governance",
    "gateway",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "gateway.server.content_policy.ContentPolicy",
    "gateway.server.static_files.StaticFiles",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "gateway.server.origin.origin_middleware",
    "gateway.console.theme.viewer_language.viewer_language_middleware",
    "gateway.console.theme.viewer_zone.viewer_zone_middleware",
    "gateway.console.theme.light_pages.light_pages_middleware",
    "gateway.console.dead_ends.middleware.dead_ends_middleware",
    "gateway.console.typed_work.middleware.typed_work_middleware",
    "allauth.account.middleware.AccountMiddleware",
    "gateway.console.sign_in.generated_password.generated_password_middleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
    "gateway.server.abandoned.AbandonedPages",
]

ROOT_URLCONF = "gateway.urls"
ASGI_APPLICATION = "gateway.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates", BASE_DIR / "gateway"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "gateway.console.sign_in.oidc.context",
                "gateway.console.sign_in.forgotten.context",
            ],
            "libraries": {"console": "gateway.console.theme.filters"},
        },
    }
]

DATABASES = {"default": installation.database(env, DATA_DIR)}
DATABASE_WAIT_SECONDS = env.number("DATABASE_WAIT_SECONDS", 60)
"""How long a start waits for a database that does not answer yet."""
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        # Writers queue for the lock when the transaction begins, instead of failing half-way.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # Half a MiB of pages for each connection: the system has them all cached anyway.
        "init_command": (
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-512;"
        ),
    }
else:
    DATABASES["default"]["CONN_MAX_AGE"] = 0
    # A connection that died with the server is not handed out, and nobody waits long for a new one:
    # pages say that the database is away.
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    DATABASES["default"]["OPTIONS"] = {
        **DATABASES["default"].get("OPTIONS", {}),
        "connect_timeout": 2,
        "pool": {"min_size": 0, "max_size": 20, "timeout": 0.8, "reconnect_timeout": 0.5},
    }

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

CSRF_FAILURE_VIEW = "gateway.console.dead_ends.views.csrf_failure"
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "admin:index"

LANGUAGE_CODE = "en-gb"
LOCALE_PATHS = [BASE_DIR / "locale", DATA_DIR / "locale"]
"""Where catalogues are laid: `de/LC_MESSAGES/django.mo`, and `djangojs.mo` for scripts."""
LANGUAGES = languages(LANGUAGE_CODE, LOCALE_PATHS)
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
# Static files are served from the packages; WhiteNoise only wants the place to exist.
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
STATICFILES_FINDERS = [
    "gateway.console.page_files.PageFiles",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG

SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
TRUST_PROXY = env.flag("TRUST_PROXY", default=False)
"""A proxy stands in front: its `X-Forwarded-Proto`, and the last of `X-Forwarded-For`, count."""
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUST_PROXY else None
X_FRAME_OPTIONS = "DENY"
if not HTTPS and set(ALLOWED_HOSTS) <= {"localhost", "127.0.0.1", "[::1]"}:
    # Reached on loopback alone, where there is no TLS to demand: HSTS, redirect, secure cookies.
    SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008", "security.W012", "security.W016"]
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_BODY_BYTES

# --- REST ----------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "governance.api.authentication.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["governance.api.permissions.GovernancePermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["governance.api.parsers.StrictJSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "governance.api.errors.handle",
    # `format` is a word like any other: the API speaks JSON alone.
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Pointsman",
    "DESCRIPTION": "Governance of a self-hosted LLM gateway: providers, routing profiles, keys.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_NAME_OVERRIDES": {
        "RequestTypeEnum": "governance.ports.request_types",
        "RuleMatchEnum": "governance.models.heuristic_rule.MATCHES",
        "MappingMatchEnum": "governance.routing.mappings.MATCHES",
        "BreakerStateEnum": "governance.api.serializers.health.BREAKER",
        "OverrideStateEnum": "governance.api.serializers.health.OVERRIDES",
        "AlertChannelEnum": "governance.models.alert_delivery.CHANNELS",
    },
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}

PRIMARY = {
    "50": "oklch(98.4% .014 180.72)",
    "100": "oklch(95.3% .051 180.801)",
    "200": "oklch(91% .096 180.426)",
    "300": "oklch(85.5% .138 181.071)",
    "400": "oklch(77.7% .152 181.912)",
    "500": "oklch(60% .118 184.704)",
    "600": "oklch(51.1% .096 186.391)",
    "700": "oklch(43.7% .078 188.216)",
    "800": "oklch(38.6% .063 188.416)",
    "900": "oklch(32.5% .055 190)",
    "950": "oklch(27.7% .046 192.524)",
}
"""Teal; 600 is dark enough for white text on it, 500 light enough for text on a dark page."""

UNFOLD = {
    "SITE_TITLE": "Pointsman",
    "SITE_HEADER": "Pointsman",
    "SITE_SYMBOL": "alt_route",
    # There is no site beside the console that people could go to.
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {
            "rel": "icon",
            "type": "image/svg+xml",
            "href": lambda request: static("console/theme/favicon.svg"),
        }
    ],
    "STYLES": [lambda request: static("console/theme/theme.css")],
    "SCRIPTS": [
        lambda request: reverse("console:jsi18n"),
        lambda request: static("console/theme/zone.js"),
        lambda request: static("console/theme/accessible.js"),
    ],
    "COLORS": {"primary": PRIMARY},
    "SHOW_HISTORY": True,
    "GLOBAL_CALLBACK": "gateway.console.help.links.context",
    "DASHBOARD_CALLBACK": "gateway.console.dashboard.views.context",
    "ENVIRONMENT": "gateway.console.theme.navigation.cloud_state",
    "SIDEBAR": {
        "show_search": True,
        "command_search": True,
        "navigation": "gateway.console.theme.navigation.navigation",
    },
}
