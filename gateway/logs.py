"""The service's own log: one line an event, JSON unless a person is watching, without secrets.

Everything ends in the standard library's root logger, ours by way of structlog, so that servers and
Django come out in the same form. Lines carry our own words: what an upstream said is for the caller
who caused it.
"""

from __future__ import annotations

import logging.config
import re
import sys
from collections.abc import Mapping
from typing import Any, Final

from gateway import lean_structlog  # noqa: F401  # isort: skip
import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from gateway.environment import BadSetting

LEVELS: Final = ("debug", "info", "warning", "error")
HIDDEN: Final = "[hidden]"

_SECRET_NAME: Final = re.compile(
    r"secret|passw|credential|cookie|authori[sz]ation$|api[-_]?key$|(^|[-_])token$|(^|[-_])digest$",
    re.IGNORECASE,
)
_SECRET_TEXT: Final = re.compile(
    r"""
    (?P<name>
        (?: \b(?:authorization|cookie|x-api-key|api[-_]?key|password|secret|token)
            ['"]?\s*[=:]\s*['"]? )
        (?: (?:bearer|basic)\s+ )?
      | \b(?: bearer\s+ | basic\s+(?=[+/=A-Za-z0-9]{8}) )
      | ://(?=[^\s/@]*@)
    )
    (?: [^\s'"&,;@]+ )
    | (?<![A-Za-z0-9]) (?: pm|sk|rk|pk|gsk|xai|hf|ghp|glpat|AIza|AKIA) [-_A-Za-z0-9]{16,}
    | (?<![A-Za-z0-9]) eyJ[-_A-Za-z0-9]{8,}\.[-_A-Za-z0-9]+\.[-_A-Za-z0-9]*
    | (?<![A-Za-z0-9]) gAAAA[-_=A-Za-z0-9]{20,}
    """,
    re.IGNORECASE | re.VERBOSE,
)


def level_of(name: str) -> str:
    """The level a setting names, as the standard library writes it. Raises `BadSetting`."""
    if name.lower() not in LEVELS:
        raise BadSetting(f"POINTSMAN_LOG_LEVEL must be one of {', '.join(LEVELS)}, not {name!r}.")
    return name.upper()


def hide(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
    """Takes out what looks like a credential, by the name of its field or by its own form."""
    for name, value in event.items():
        if not name.startswith("_"):
            event[name] = _without_secrets(name, value)
    return event


def _without_secrets(name: str, value: Any) -> Any:
    if _SECRET_NAME.search(name) and value:
        return HIDDEN
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, str):
        return _SECRET_TEXT.sub(lambda match: (match["name"] or "") + HIDDEN, value)
    if isinstance(value, Mapping):
        return {key: _without_secrets(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_without_secrets(name, inner) for inner in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _without_secrets(name, str(value))


_SHARED: Final[list[Processor]] = [
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    structlog.processors.StackInfoRenderer(),
    # Without the values of variables, which may hold anything.
    structlog.processors.format_exc_info,
    hide,
]


class RefusedRequests(logging.Filter):
    """Django tells a request that it refuses, by another host's name for one, as an error with a
    traceback. It is the caller's fault and not the service's, and anybody could fill the log with
    it: a line says enough."""

    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.startswith("django.security."):
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.exc_info = record.exc_text = None
        return True


_FINISH: Final = structlog.stdlib.ProcessorFormatter.remove_processors_meta


def config(level: str, *, terminal: bool | None = None) -> dict[str, Any]:
    """Django's `LOGGING`, to go with `configure`. `terminal` is found out unless given."""
    terminal = sys.stderr.isatty() if terminal is None else terminal
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(
            exception_formatter=structlog.dev.plain_traceback, timestamp_key="time"
        )
        if terminal
        else structlog.processors.JSONRenderer(ensure_ascii=False)
    )
    through: dict[str, Any] = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": _SHARED,
                "processors": [_FINISH, renderer],
            }
        },
        "filters": {"refused": {"()": RefusedRequests}},
        "handlers": {
            "lines": {
                "class": "logging.StreamHandler",
                "formatter": "lines",
                "filters": ["refused"],
            }
        },
        "root": {"handlers": ["lines"], "level": "WARNING"},
        "loggers": {
            "pointsman": {**through, "level": level},
            "django": {**through, "level": "INFO" if level == "DEBUG" else level},
            "django.server": {**through, "level": "INFO" if level == "DEBUG" else level},
            # A line for every attempt to reach a database that is away; whoever needs it says so.
            "psycopg.pool": {**through, "level": "ERROR"},
            # Daphne says where it listens, which its operator wants to see.
            "daphne.server": {**through, "level": level},
            "uvicorn": {**through, "level": "WARNING"},
            "uvicorn.error": {**through, "level": "WARNING"},
            "uvicorn.access": {**through, "level": "WARNING"},
        },
    }


def configure(settings: dict[str, Any]) -> None:
    """Django's `LOGGING_CONFIG`: the standard library by `settings`, and structlog on top of it."""
    logging.config.dictConfig(settings)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
