"""`make bench-lists`: how soon the console's lists answer over a million interactions.

Seeds a data directory with interactions, both ledgers, keys and profiles, spread evenly, which is
the hardest for a ledger; starts the service over it and asks for each page as a browser does.
Tells the milliseconds to the first byte, the best of several, and the size of the page; of
figures, which are kept for seconds, the first of several, which finds them.
`ARGS="--data /some/folder"` keeps the seeded data for another run.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import httpx

ROUNDS: Final = 5
LISTS: Final = {
    "interactions": "governance/interaction/",
    "last 7 days": "governance/interaction/?period=week",
    "one key": "governance/interaction/?key=key-77",
    "one profile": "governance/interaction/?profile=profile-7",
    "one model": "governance/interaction/?model=model-3",
    "any error": "governance/interaction/?outcome=any_error",
    "fallbacks": "governance/interaction/?fallback=target",
    "answered, one provider": "governance/interaction/?outcome=ok&provider=provider-2",
    "refused, one provider": "governance/interaction/?outcome=refused&provider=provider-2",
    "failed, one key": "governance/interaction/?outcome=retryable&key=key-7",
    "one session": "governance/interaction/?session=run-500",
    "search by key": "governance/interaction/?q=Application+4242",
    "search by error": "governance/interaction/?q=http_503",
    "search in vain": "governance/interaction/?q=nowhere",
    "deep page": "governance/interaction/?p={deep}",
    "conversations": "interactions/sessions/",
    "one conversation": "interactions/session?id=run-500",
    "API keys": "governance/apikey/",
    "routing profiles": "governance/routingprofile/",
    "providers": "governance/provider/",
    "revisions": "governance/revision/",
    "audit log": "governance/auditentry/",
}
"""What must be there in 100 ms."""
BEHIND: Final = {
    "facets and totals": "interactions/summary?",
    "of 7 days": "interactions/summary?period=week",
    "of one key": "interactions/summary?key=key-77",
    "of one profile": "interactions/summary?profile=profile-7",
    "of one model": "interactions/summary?model=model-3",
    "of one provider": "interactions/summary?provider=provider-2",
    "of any error": "interactions/summary?outcome=any_error",
    "of a search": "interactions/summary?q=http_503",
    "of answered, one provider": "interactions/summary?outcome=ok&provider=provider-2",
    "of refused, one provider": "interactions/summary?outcome=refused&provider=provider-2",
    "key typed": "interactions/facet/key?typed=Application+42",
    "dashboard, hour": "?period=hour",
    "dashboard, week": "?period=week",
    "dashboard, 30 days": "?period=month",
    "dashboard, 30 days by key": "dashboard?part=rest&period=month&by=key",
    "usage, 30 days": "usage/?period=month",
}
"""What may take a second."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--keys", type=int, default=5_000)
    parser.add_argument("--profiles", type=int, default=500)
    parser.add_argument("--data", type=Path)
    parser.add_argument("--seed", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.seed:
        seed(options.rows, options.keys, options.profiles)
        return
    with tempfile.TemporaryDirectory() as folder:
        data = options.data or Path(folder)
        data.mkdir(exist_ok=True)
        told = data / "bench-lists"
        if not told.exists():
            began = time.perf_counter()
            words = [f"--{name}={getattr(options, name)}" for name in ("rows", "keys", "profiles")]
            command = [sys.executable, "-m", "benchmarks.lists", "--seed", *words]
            env = {**os.environ, "POINTSMAN_DATA_DIR": str(data)}
            done = subprocess.run(command, env=env, check=True, capture_output=True, text=True)
            told.write_text(done.stdout)
            print(f"seeded in {time.perf_counter() - began:.0f} s")
        session, deep = told.read_text().split()
        measure(data, session, deep)


def measure(data: Path, session: str, deep: str) -> None:
    from tests.support.installation import Installation

    with (
        Installation(data, "--no-model") as service,
        httpx.Client(
            base_url=f"{service.url}/admin/", cookies={"sessionid": session}, timeout=60
        ) as client,
    ):
        for title, pages, most in (("lists", LISTS, 100), ("behind them", BEHIND, 1000)):
            print(f"\n{title:28} first byte     all    size")
            for name, path in pages.items():
                runs = [asked(client, path.format(deep=deep)) for _ in range(ROUNDS)]
                first, whole, size = min(runs) if pages is LISTS else runs[0]
                late = "  over" if first > most else ""
                print(f"{name:28} {first:7.1f} ms {whole:6.1f} ms {size / 1000:5.0f} kB{late}")


def asked(client: httpx.Client, path: str) -> tuple[float, float, int]:
    began = time.perf_counter()
    with client.stream("GET", path) as answer:
        pieces = answer.iter_bytes()
        size = len(next(pieces, b""))
        first = time.perf_counter() - began
        size += sum(map(len, pieces))
    assert answer.status_code == 200, (path, answer.status_code)
    return first * 1000, (time.perf_counter() - began) * 1000, size


def seed(rows: int, keys: int, profiles: int) -> None:
    """In a process of its own, in the service's environment. Prints a session and a cursor."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gateway.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from governance.models import Interaction, UsageBucket

    call_command("migrate", verbosity=0, interactive=False)
    _configure(keys, profiles)
    indexes = [(one, index) for one in (Interaction, UsageBucket) for index in one._meta.indexes]
    with connection.cursor() as cursor:
        # Nothing is lost when this is interrupted: it begins anew.
        for setting in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -400000"):
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
    cursor.execute(f"CREATE TEMPORARY TABLE template AS SELECT {names} FROM governance_interaction")
    for record in (fine, plain, failed):
        cursor.execute(f"INSERT INTO template VALUES ({marks})", values_of(record, moment))
    other = {
        "request_id": "'req_' || n",
        "time": "strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '-' || (n * 2.592) || ' seconds')",
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
        f"WITH RECURSIVE numbers(n) AS (SELECT {rows} - 1 UNION ALL SELECT n - 1 FROM numbers "
        f"WHERE n > 0) INSERT INTO governance_interaction ({names}) SELECT {chosen} "
        "FROM numbers JOIN template ON template.rowid = "
        "CASE WHEN n %% 50 = 3 THEN 3 WHEN n %% 2 = 0 THEN 1 ELSE 2 END",
        (),
    )


def _ledgers(cursor: Any) -> None:
    """All of them, as sums of the rows."""
    from governance.interactions.ledger import COUNTS, TRAFFIC_COUNTS
    from tests.governance.interactions.rows import fill_days

    start = (
        "strftime('%%Y-%%m-%%d %%H:', time) || "
        "substr('0' || (CAST(strftime('%%M', time) AS INTEGER) / 15 * 15), -2) || ':00'"
    )
    error = "outcome NOT IN ('ok', 'cancelled')"
    sums = {
        "requests": "count(*)",
        "attempts": "count(*)",
        "failed": f"sum({error})",
        "prompt_tokens": "sum(prompt_tokens)",
        "completion_tokens": "sum(completion_tokens)",
        "cached_tokens": "sum(cached_tokens)",
        "unpriced": "sum(cost_usd IS NULL)",
        "cost_micro_usd": "CAST(round(coalesce(sum(cost_usd), 0) * 1000000) AS INTEGER)",
    }
    usage = {
        **dict.fromkeys(COUNTS, "0"),
        **sums,
        "errors": f"sum({error})",
        **{name: f"max({name})" for name in ("key_name", "profile_name")},
        **dict.fromkeys(("group_id", "group_name", "owner_id", "owner_name"), "''"),
        "shadow": "0",
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
    main()
