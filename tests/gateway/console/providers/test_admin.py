"""The page of a provider: secrets go in and never come out."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from governance import services, snapshot
from governance.kinds import KINDS
from governance.models import Provider, Revision
from governance.routing.model_facts import ModelFacts
from governance.serializers import MASK
from tests.gateway.console.sent import ROOT, messages_of, text_of
from tests.governance.conftest import profile_document, provider_document

PATH = f"{ROOT}/provider"


def form(**changes: Any) -> dict[str, Any]:
    return {
        "name": "fast",
        "kind": "openai",
        "base_url": "http://127.0.0.1:9/v1",
        "is_local": "on",
        "default_model": "m",
        "models": "a\r\nb\r\n",
        "capabilities": ["text"],
        "connect_timeout": "10",
        "first_event_timeout": "60",
        "idle_timeout": "1.5",
        "total_timeout": "",
        "max_concurrency": "",
        "enabled": "on",
        **changes,
    }


def change_path() -> str:
    return f"{PATH}/{Provider.objects.get().pk}/change/"


def test_it_works(admin: Client) -> None:
    admin.post(f"{PATH}/add/", form(api_key="s3cret", extra_headers="X-A: one\r\nX-B: two"))
    held = snapshot.refresh().providers["fast"]
    assert held.api_key == "s3cret"
    assert held.extra_headers == (("X-A", "one"), ("X-B", "two"))
    assert (held.models, held.idle_timeout, held.total_timeout) == (("a", "b"), 1.5, None)
    page = admin.get(change_path())
    assert b"s3cret" not in page.content
    headers = page.context["adminform"].form["extra_headers"].value()
    assert headers == f"X-A: {MASK}\nX-B: {MASK}"
    assert "One is set; blank keeps it." in text_of(page)
    admin.post(f"{PATH}/{Provider.objects.get().pk}/delete/", {"post": "yes"})
    assert not Provider.objects.exists()
    assert [row.who for row in Revision.objects.all()] == ["root", "root"]


def test_facts_of_models_in_words(admin: Client) -> None:
    said = "llama3:8b: context 8192, output 1024, text, tools\r\ngpt-*: context 5"
    admin.post(f"{PATH}/add/", form(model_facts=said))
    table = snapshot.refresh()
    held = table.providers["fast"]
    assert table.facts(held, "llama3:8b") == ModelFacts(8192, 1024, frozenset({"text", "tools"}))
    assert table.facts(held, "gpt-x").context_length == 5
    page = admin.get(change_path())
    shown = page.context["adminform"].form["model_facts"].value()
    assert shown == said.replace("\r", "")
    assert "not known" in text_of(page)
    for wrong, told in (("m", "must be a model"), ("m: ctx 5", "is not understood")):
        assert told in text_of(admin.post(change_path(), form(model_facts=wrong)))
    twice = admin.post(change_path(), form(model_facts="m: text\r\nM: text"))
    assert "is about the model" in text_of(twice)


def test_secrets_stay_are_replaced_and_cleared(admin: Client) -> None:
    headers = {"X-A": "one", "X-B": "two"}
    services.save_provider(provider_document(api_key="s3cret", extra_headers=headers), who="t")

    def secrets() -> tuple[str, dict[str, str]]:
        held = snapshot.refresh().providers["fast"]
        return held.api_key, dict(held.extra_headers)

    masked = f"X-A: {MASK}\r\nX-B: {MASK}"
    admin.post(change_path(), form(extra_headers=masked))
    assert secrets() == ("s3cret", headers)
    admin.post(change_path(), form(api_key="new", extra_headers=f"X-A: {MASK}\r\nX-C: three"))
    assert secrets() == ("new", {"X-A": "one", "X-C": "three"})
    admin.post(change_path(), form(clear_api_key="on", extra_headers=""))
    assert secrets() == ("", {})


def test_a_refused_form_does_not_send_the_secret_back(admin: Client) -> None:
    answer = admin.post(f"{PATH}/add/", form(api_key="s3cret", kind="none"))
    assert answer.status_code == 200
    assert b"s3cret" not in answer.content


@pytest.mark.parametrize(
    ("changes", "field", "message"),
    [
        ({"name": ""}, "name", "Name is required."),
        (
            {"kind": "none"},
            "kind",
            f"Kind must be {', '.join(list(KINDS)[:-1])} or {list(KINDS)[-1]}.",
        ),
        ({"base_url": ""}, "base_url", 'Base URL is required for the kind "openai".'),
        (
            {"base_url": "http://169.254.169.254/"},
            "base_url",
            "Base URL is the metadata service of a cloud.",
        ),
        (
            {"idle_timeout": "soon"},
            "idle_timeout",
            "Idle timeout must be a number, not a string.",
        ),
        (
            {"extra_headers": "X-A"},
            "extra_headers",
            "Each line must be a name, a colon and a value.",
        ),
        ({"extra_headers": "Host: x"}, "extra_headers", 'The gateway sets "Host" itself.'),
        (
            {"extra_headers": f"X-A: {MASK}"},
            "extra_headers",
            "There is no value to keep: give one.",
        ),
    ],
)
def test_errors_stand_at_their_fields(
    admin: Client, changes: dict[str, str], field: str, message: str
) -> None:
    answer = admin.post(f"{PATH}/add/", form(**changes))
    errors = answer.context["adminform"].form.errors
    assert {name: list(found) for name, found in errors.items()} == {field: [message]}


def test_all_errors_stand_at_their_fields_at_once(admin: Client) -> None:
    """Also when one of them cannot be read at all."""
    broken = form(
        name="a/b",
        kind="none",
        base_url="http://169.254.169.254/",
        idle_timeout="soon",
        max_concurrency="-1",
        extra_headers="X-A",
    )
    errors = admin.post(f"{PATH}/add/", broken).context["adminform"].form.errors
    assert set(errors) == {
        "name",
        "kind",
        "base_url",
        "idle_timeout",
        "max_concurrency",
        "extra_headers",
    }
    assert list(errors["extra_headers"]) == ["Each line must be a name, a colon and a value."]


def test_a_form_that_comes_back_stands_under_the_name_that_is_saved(admin: Client) -> None:
    services.save_provider(provider_document(), who="t")
    answer = admin.post(change_path(), form(name=""))
    assert str(answer.context["original"]) == answer.context["subtitle"] == "fast"


def test_a_blank_time_out_is_the_default_or_no_limit(admin: Client) -> None:
    admin.post(f"{PATH}/add/", form(connect_timeout="", total_timeout=""))
    held = snapshot.refresh().providers["fast"]
    assert (held.connect_timeout, held.total_timeout) == (10.0, None)


def test_deleting_tells_which_profiles_use_it(admin: Client) -> None:
    services.save_provider(provider_document(), who="t")
    services.save_profile(profile_document(), who="t")
    path = f"{PATH}/{Provider.objects.get().pk}/delete/"
    assert "In use: the routing profiles Light" in text_of(admin.get(path))
    admin.post(path, {"post": "yes"})
    assert not Provider.objects.exists()
    assert "not configured" in text_of(admin.get(f"{ROOT}/routingprofile/light/change/"))


def test_renaming_takes_the_profiles_along_or_tells_them(admin: Client) -> None:
    services.save_provider(provider_document(), who="t")
    services.save_profile(profile_document(), who="t")
    assert "Used by Light" in text_of(admin.get(change_path()))
    answer = admin.post(change_path(), form(name="quick"), follow=True)
    assert "Light still name" in messages_of(answer)[0]
    admin.post(change_path(), form(name="fast"))
    admin.post(change_path(), form(name="swift", rename_in_targets="on"))
    assert snapshot.refresh().profiles["light"].targets[0].provider == "swift"


def test_states_are_in_plain_sight(admin: Client, settings: Any) -> None:
    services.save_provider(provider_document(api_key="k", is_default=True), who="t")
    services.save_provider(
        provider_document("cloud", base_url="https://a.example/", enabled=False), who="t"
    )
    page = text_of(admin.get(f"{PATH}/"))
    for words in ("local set default", "cloud none disabled"):
        kind, credential, state = words.split()
        assert kind in page
        assert credential in page
        assert state in page
    settings.ENCRYPTION_KEYS = ["MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="]
    page = text_of(admin.get(f"{PATH}/"))
    assert "The credentials of fast cannot be read" in page
    change = admin.get(f"{PATH}/{Provider.objects.get(name='fast').pk}/change/")
    assert "set it anew" in text_of(change)


def test_a_missing_default_is_told(admin: Client) -> None:
    services.save_provider(provider_document(), who="t")
    assert "No enabled provider is marked as default" in text_of(admin.get(f"{PATH}/"))
