"""Seeds the database of `benchmarks.lists`, in a process of its own, as the service is set up."""

from __future__ import annotations

import os
import sys
from typing import Any


def seed(rows: int, keys: int, profiles: int) -> None:
    """Prints a session and a cursor."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from governance.models import Interaction, UsageBucket

    call_command("migrate", verbosity=0, interactive=False)
    _configure(keys, profiles)
    indexes = [(one, index) for one in (Interaction, UsageBucket) for index in one._meta.indexes]
    sqlite = connection.vendor == "sqlite"
    with connection.cursor() as cursor:
        # Nothing is lost when this is interrupted: it begins anew.
        for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"):
            if sqlite:
                cursor.execute(f"PRAGMA {setting}")
    with connection.schema_editor() as editor:
        for model, index in indexes:
            editor.remove_index(model, index)
    with connection.cursor() as cursor:
        _insert(cursor, rows, keys, profiles)
        _ledgers(cursor)
    with connection.schema_editor() as editor:
        for model, index in indexes:
            editor.add_index(model, index)
    if not sqlite:
        # The server does so by itself, a minute later.
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")
    print(_session(), _deep(rows))


def _configure(keys: int, profiles: int) -> None:
    from governance import services
    from governance.keys import digest
    from governance.models import ApiKey

    for number in range(4):
        services.save_provider(
            {
                "name": f"provider-{number}",
                "kind": "openai",
                "base_url": "http://127.0.0.1:9/v1",
                "is_local": True,
            },
            who="benchmark",
        )
    documents = [
        {
            "id": f"profile-{number}",
            "name": f"Profile {number}",
            "virtual_provider": f"virtual-{number}",
            "targets": [{"provider": f"provider-{number % 4}", "model": "model-1"}],
        }
        for number in range(profiles)
    ]
    services.replace_all(documents, who="benchmark")
    ApiKey.objects.bulk_create(
        (
            ApiKey(
                id=f"key-{number}",
                name=f"Application {number}",
                prefix="pm-bench",
                digest=digest(f"pm-{number}"),
                scopes=["inference"],
            )
            for number in range(keys)
        ),
        batch_size=1000,
    )


def _insert(cursor: Any, rows: int, keys: int, profiles: int) -> None:
    """One statement: three requests that were really described, each with other names and times."""
    from django.db import connection

    from governance.interactions.rows import COLUMNS, values_of
    from inference.record.describe import describe
    from tests.governance.interactions.request_contexts import attempt, request_context

    fine = describe(request_context())
    failed = describe(
        request_context(
            attempts=[attempt(provider="provider-1", outcome="retryable", code="http_503")],
            outcome="retryable",
            error_code="http_503",
        )
    )
    plain = describe(request_context(attempts=[attempt(provider="provider-2")], first_token=0.31))
    moment = connection.ops.adapt_datetimefield_value
    marks = ", ".join(["%s"] * len(COLUMNS))
    names = ", ".join(f'"{one}"' for one in COLUMNS)
    cursor.execute(
        f"CREATE TEMPORARY TABLE template AS SELECT {names}, 0 AS number "
        "FROM governance_interaction WHERE id < 0"
    )
    for number, record in enumerate((fine, plain, failed), 1):
        values = [*values_of(record, moment), number]
        cursor.execute(f"INSERT INTO template VALUES ({marks}, %s)", values)
    ago = (
        "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-' || (n * 2.592) || ' seconds')"
        if connection.vendor == "sqlite"
        else "now() - n * interval '2.592 seconds'"
    )
    other = {
        "request_id": "'req_' || n",
        "time": ago,
        "key_id": f"'key-' || (n * 7919 %% {keys})",
        "key_name": f"'Application ' || (n * 7919 %% {keys})",
        "profile_id": f"'profile-' || (n * 104729 %% {profiles})",
        "profile_name": f"'Profile ' || (n * 104729 %% {profiles})",
        "provider": "'provider-' || (n * 31 %% 4)",
        "model": "'model-' || (n * 17 %% 20)",
        "session": "CASE WHEN n %% 3 = 0 THEN 'run-' || (n / 60) ELSE '' END",
        "first_token_ms": "100 + n * 7919 %% 900",
        "cost_usd": "CASE WHEN n %% 10 = 0 THEN NULL ELSE 0.0012 END",
    }
    chosen = ", ".join(other.get(one, f'template."{one}"') for one in COLUMNS)
    cursor.execute(
        f"WITH RECURSIVE numbers(n) AS (SELECT CAST({rows} - 1 AS bigint) UNION ALL "
        f"SELECT n - 1 FROM numbers WHERE n > 0) INSERT INTO governance_interaction ({names}) "
        f"SELECT {chosen} "
        "FROM numbers JOIN template ON template.number = "
        "CASE WHEN n %% 50 = 3 THEN 3 WHEN n %% 2 = 0 THEN 1 ELSE 2 END",
        (),
    )


def _ledgers(cursor: Any) -> None:
    """All of them, as sums of the rows."""
    from django.db import connection

    from governance.interactions.ledger import COUNTS, TRAFFIC_COUNTS
    from tests.governance.interactions.rows import fill_days

    start = (
        "date_bin('15 minutes', time, timestamptz '2000-01-01 00:00:00+00')"
        if connection.vendor != "sqlite"
        else "strftime('%%Y-%%m-%%d %%H:', time) || "
        "substr('0' || (CAST(strftime('%%M', time) AS INTEGER) / 15 * 15), -2) || ':00'"
    )

    def times(condition: str) -> str:
        return f"sum(CASE WHEN {condition} THEN 1 ELSE 0 END)"

    error = times("outcome NOT IN ('ok', 'cancelled')")
    sums = {
        "requests": "count(*)",
        "attempts": "count(*)",
        "failed": error,
        "prompt_tokens": "coalesce(sum(prompt_tokens), 0)",
        "completion_tokens": "coalesce(sum(completion_tokens), 0)",
        "cached_tokens": "coalesce(sum(cached_tokens), 0)",
        "unpriced": times("cost_usd IS NULL"),
        "cost_micro_usd": "CAST(round(coalesce(sum(cost_usd), 0) * 1000000) AS bigint)",
    }
    usage = {
        **dict.fromkeys(COUNTS, "0"),
        **sums,
        "errors": error,
        **{name: f"max({name})" for name in ("key_name", "profile_name")},
        **dict.fromkeys(("group_id", "group_name", "owner_id", "owner_name"), "''"),
        "shadow": "false",
    }
    traffic = {**dict.fromkeys(TRAFFIC_COUNTS, "0"), **sums}
    for table, place, columns in (
        ("usagebucket", ("key_id", "profile_id", "provider", "model"), usage),
        ("trafficbucket", ("provider", "model", "outcome", "fallback"), traffic),
    ):
        cursor.execute(
            f"INSERT INTO governance_{table} (start, {', '.join((*place, *columns))}) "
            f"SELECT {start} AS begins, {', '.join((*place, *columns.values()))} "
            f"FROM governance_interaction GROUP BY begins, {', '.join(place)}",
            (),
        )
    fill_days()


def _session() -> str:
    """Of someone who may see everything."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.auth.models import User
    from django.contrib.sessions.backends.db import SessionStore

    user = User.objects.create_superuser("benchmark", password="not used, 1234")
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    assert session.session_key is not None
    return session.session_key


def _deep(rows: int) -> str:
    """A cursor in the middle of the log."""
    from governance.interactions.keyset import Cursor
    from governance.models import Interaction

    row = Interaction.objects.get(request_id=f"req_{rows // 2}")
    return Cursor(True, row.time, row.pk).text()


if __name__ == "__main__":
    seed(*map(int, sys.argv[1:4]))
