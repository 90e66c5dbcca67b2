"""Settings of e-mail; a part of `settings`. Without a host no mail is sent, and none is offered."""

from __future__ import annotations

from typing import Final

from gateway.environment import BadSetting
from gateway.settings_people import env

SECURITY: Final = ("starttls", "tls", "none")
_PORTS: Final = {"starttls": 587, "tls": 465, "none": 25}

EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_CONFIGURED = bool(EMAIL_HOST)
_security = env.choice("EMAIL_SECURITY", SECURITY)
EMAIL_PORT = env.number("EMAIL_PORT", _PORTS[_security], minimum=1)
EMAIL_HOST_USER = env.text("EMAIL_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_PASSWORD")
EMAIL_USE_TLS = _security == "starttls"
EMAIL_USE_SSL = _security == "tls"
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", "pointsman@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
if EMAIL_CONFIGURED and "@" not in DEFAULT_FROM_EMAIL:
    raise BadSetting("POINTSMAN_EMAIL_FROM must be an e-mail address.")
PUBLIC_URL = env.text("PUBLIC_URL").rstrip("/")
"""Where links in e-mails lead; empty: to the host that the page was asked for by."""
if PUBLIC_URL and not PUBLIC_URL.startswith(("http://", "https://")):
    raise BadSetting("POINTSMAN_PUBLIC_URL must be an address, as https://llm.example.com.")
