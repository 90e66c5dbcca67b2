"""The registry of kinds, and what nothing outside of it may know."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.core.management import call_command

import governance
from governance.kinds import KINDS, ProviderKind, choices, presets, read_as_today, stays_here
from governance.kinds.auth import Credentials, KeyHeader, SignableRequest
from governance.models import Provider
from governance.registry import Registry

TOY = replace(KINDS["openai"], name="toy", label="Toy", rank=1, presets=())


@pytest.fixture
def toy() -> Iterator[None]:
    KINDS.register(TOY)
    yield
    KINDS.unregister("toy")


def test_they_come_in_an_order_of_their_own() -> None:
    assert list(KINDS)[:3] == ["mlx", "llama_cpp", "mlx_server"]
    assert [name for name in KINDS if name in ("openai", "anthropic", "azure")] == [
        "openai",
        "anthropic",
        "azure",
    ]
    assert [preset.label for _, preset in presets()][:3] == ["OpenAI", "Anthropic", "Azure OpenAI"]


@pytest.mark.django_db
def test_a_new_kind_needs_no_migration(toy: None) -> None:
    assert choices()[0] == ("toy", "Toy")
    Provider(name="p", kind="toy", base_url="http://127.0.0.1:9/v1").full_clean()
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_a_name_is_taken_once() -> None:
    registry: Registry[ProviderKind] = Registry("KIND", ProviderKind)
    registry.register(TOY)
    registry.register(TOY)
    with pytest.raises(ValueError, match="defined twice"):
        registry.register(replace(TOY, label="Another"))
    with pytest.raises(TypeError):
        registry.register("toy")


@pytest.mark.parametrize(
    ("kind", "base_url", "local"),
    [
        ("mlx", "", True),
        ("mlx_server", "http://127.0.0.1:8080/v1", True),
        ("mlx_server", "http://192.168.1.7:8080/v1", True),
        ("mlx_server", "http://[fd12::7]:8080/v1", True),
        ("mlx_server", "http+unix://%2Frun%2Fs.sock/v1", True),
        ("mlx_server", "http://mac:8080/v1", True),
        ("mlx_server", "http://mac.local:8080/v1", True),
        ("mlx_server", "https://gpu.example.com/v1", False),
        ("mlx_server", "https://8.8.8.8/v1", False),
        ("openai", "http://localhost:1234/v1", True),
        ("openai", "http+unix://%2Frun%2Fs.sock/v1", True),
        ("openai", "http://192.168.1.7/v1", False),
        ("openai", "https://api.openai.com/v1", False),
        ("unknown", "http://localhost:1234/v1", False),
    ],
)
def test_what_stays_within_the_walls(kind: str, base_url: str, local: bool) -> None:
    assert stays_here(kind, base_url) is local


def test_a_kind_that_was_split_is_read_as_today() -> None:
    old = {"kind": "mlx", "base_url": "http://127.0.0.1:8080/v1", "name": "x"}
    assert read_as_today(old) == {**old, "kind": "mlx_server"}
    for same in ({"kind": "mlx"}, {"kind": "mlx", "base_url": ""}, {**old, "kind": "openai"}):
        assert read_as_today(same) is same


def test_a_key_stands_in_its_header() -> None:
    request = SignableRequest("POST", "http://x/", (("a", "b"),))
    signed = KeyHeader("x-api-key", "").sign(request, Credentials("secret"), None, 0.0)
    assert signed.headers == (("a", "b"), ("x-api-key", "secret"))
    assert KeyHeader().sign(request, Credentials(), None, 0.0) is request
    assert "secret" not in repr(signed) + repr(Credentials("secret"))


def _compared_words(tree: ast.AST) -> Iterator[str]:
    """Strings that something called `kind` or `strategy` is compared with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            names = {ast.unparse(side).rpartition(".")[2] for side in sides}
            if names & {"kind", "strategy"}:
                for side in sides:
                    for part in ast.walk(side):
                        if isinstance(part, ast.Constant) and isinstance(part.value, str):
                            yield part.value


def test_nobody_else_compares_kinds_or_strategies() -> None:
    from governance.strategies import STRATEGIES

    root = Path(governance.__file__).parent.parent
    known = {*KINDS, *STRATEGIES}
    found = [
        f"{path.relative_to(root)}: {word}"
        for room in ("gateway", "governance", "inference")
        for path in sorted((root / room).rglob("*.py"))
        if path.parent.name not in ("kinds", "strategies", "migrations")
        for word in _compared_words(ast.parse(path.read_text()))
        if word in known
    ]
    assert found == []
