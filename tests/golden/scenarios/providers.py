"""Providers: fields, addresses, secrets, renames, lists."""

from __future__ import annotations

from typing import Any

from tests.golden.steps import (
    Scenario,
    Step,
    aimed,
    delete,
    get,
    patch,
    post,
    profile,
    provider,
    put,
    target,
    without,
)

PATH = "/providers"


def _new(**changes: Any) -> Step:
    return post(PATH, provider("new", **changes))


def _change(**changes: Any) -> Step:
    return patch(f"{PATH}/fast", changes)


def _address(url: Any) -> Step:
    return patch(f"{PATH}/fast", {"base_url": url})


def _written(field: str, number: str) -> Step:
    """The number with the very digits that are given."""
    return patch(f"{PATH}/fast", f'{{"{field}":{number}}}')


WHOLE = {
    "name": "Whole.1_x-y",
    "kind": "openai",
    "base_url": "https://api.example.com/v1",
    "api_key": "sk-secret",
    "is_local": False,
    "default_model": "m-1",
    "models": ["m-1", "org/m-2", "\u4e2d"],
    "capabilities": ["text", "vision", "tools"],
    "extra_headers": {"X-Organisation": "acme", "x-b": ""},
    "connect_timeout": 1.5,
    "first_event_timeout": 2,
    "idle_timeout": 3.25,
    "total_timeout": 4,
    "max_concurrency": 5,
    "enabled": False,
    "is_default": True,
}
NULLS: dict[str, Any] = dict.fromkeys(WHOLE) | {
    "name": "nulls",
    "kind": "openai",
    "base_url": "http://localhost/v1",
}

SCENARIOS = {
    "providers_life": Scenario(
        [
            get(PATH),
            post(PATH, WHOLE),
            get(f"{PATH}/whole.1_X-Y"),
            post(PATH, NULLS),
            post(PATH, provider()),
            post(PATH, provider("FAST")),
            put(f"{PATH}/fast", provider()),
            put(f"{PATH}/fast", without(provider(), "name")),
            put(f"{PATH}/Whole.1_x-y", without(WHOLE, "api_key", "extra_headers", "is_default")),
            put(f"{PATH}/Whole.1_x-y", {"kind": "openai", "base_url": "http://a.example/"}),
            patch(f"{PATH}/fast", {}),
            patch(f"{PATH}/fast", {"enabled": False}),
            patch(f"{PATH}/fast", {"default_model": "m-9", "models": ["m-9"]}),
            patch(f"{PATH}/fast", {"is_default": True}),
            patch(f"{PATH}/nulls", {"is_default": True}),
            patch(f"{PATH}/fast", {"name": "Faster"}),
            patch(f"{PATH}/FASTER", {"name": "faster"}),
            patch(f"{PATH}/faster", []),
            patch(f"{PATH}/faster", "null"),
            patch(f"{PATH}/none", {"enabled": True}),
            put(f"{PATH}/none", provider()),
            patch(f"{PATH}/faster", {"has_api_key": True, "credential": "set", "x": 1}),
            get(PATH),
            delete(f"{PATH}/FASTER"),
            delete(f"{PATH}/faster"),
            delete(f"{PATH}/none"),
            delete(f"{PATH}/nulls?force=maybe"),
            delete(f"{PATH}/nulls?force=true"),
            get(PATH),
        ]
    ),
    "providers_secrets": Scenario(
        [
            post(PATH, provider(api_key="sk-1", extra_headers={"X-A": "1", "X-B": "2"})),
            patch(f"{PATH}/fast", {"api_key": "sk-2"}),
            patch(f"{PATH}/fast", {"enabled": True}),
            put(f"{PATH}/fast", without(provider(), "name")),
            patch(f"{PATH}/fast", {"api_key": ""}),
            patch(f"{PATH}/fast", {"api_key": "sk-3"}),
            patch(f"{PATH}/fast", {"api_key": None}),
            patch(f"{PATH}/fast", {"extra_headers": {"X-A": "********", "X-C": "3"}}),
            patch(f"{PATH}/fast", {"extra_headers": {"X-B": "********"}}),
            patch(f"{PATH}/fast", {"extra_headers": {"x-a": "********"}}),
            patch(f"{PATH}/fast", {"extra_headers": {"X-A": "another"}}),
            patch(f"{PATH}/fast", {"extra_headers": {}}),
            patch(f"{PATH}/fast", {"extra_headers": {"X-A": "1"}}),
            patch(f"{PATH}/fast", {"extra_headers": None}),
            _new(extra_headers={"X-A": "********"}),
            _new(name="masked", api_key="********"),
            _change(api_key=7),
            _change(api_key=" "),
            _change(api_key=" sk"),
            _change(api_key="k" * 4000),
            _change(api_key="k" * 4001),
            _change(api_key="a\nb"),
            get(PATH),
            get("/revisions?limit=50"),
            get("/revisions/2"),
            get("/revisions/3"),
        ]
    ),
    "providers_headers": Scenario(
        [
            post(PATH, provider()),
            *(
                _change(extra_headers=headers)
                for headers in (
                    [],
                    "X-A: 1",
                    7,
                    {"X-A": 7},
                    {"X-A": None},
                    {"X-A": ["1"]},
                    {"": "1"},
                    {"X A": "1"},
                    {"X-\u00e9": "1"},
                    {"X" * 200: "1"},
                    {"X" * 201: "1"},
                    {"X-A": "1", "x-a": "2"},
                    {"X-A": " 1"},
                    {"X-A": "1 "},
                    {"X-A": "a\tb c"},
                    {"X-A": "a\r\nb"},
                    {"X-A": "\u00e9"},
                    {"X-A": "v" * 4000},
                    {"X-A": "v" * 4001},
                    {"Authorization": "Bearer x"},
                    {"content-type": "x", "HOST": "x", "Transfer-Encoding": 7},
                    {"Connection": "close", "TE": "trailers", "Upgrade": "x", "Expect": "x"},
                    {"Keep-Alive": "x", "Proxy-Authorization": "x", "Trailer": "x"},
                    {"Content-Length": "x", "Proxy-Connection": "x"},
                    {"!#$%&'*+.^_`|~": "odd"},
                    {f"X-{n}": "1" for n in range(50)},
                    {f"X-{n}": "1" for n in range(51)},
                )
            ),
            get(f"{PATH}/fast"),
        ]
    ),
    "providers_refused": Scenario(
        [
            post(PATH, profile()),
            post(PATH, profile() | {"kind": "openai"}),
            post("/routing-profiles", profile()),
            post(PATH, provider()),
            post(PATH, []),
            post(PATH, "7"),
            post(PATH, {}),
            post(PATH, provider("light")),
            post(PATH, provider("LIGHT")),
            post(PATH, provider("Fast")),
            _new(name=None),
            _new(name=""),
            _new(name=7),
            _new(name=" "),
            _new(name="."),
            _new(name=".."),
            _new(name="..."),
            _new(name="a b"),
            _new(name="a/b"),
            _new(name="\u00e9"),
            _new(name="n" * 100),
            _new(name="n" * 101),
            _new(name="n" * 201),
            _new(default_model=7),
            _new(default_model="m" * 301),
            _new(default_model=" m"),
            _new(models="m"),
            _new(models={}),
            _new(models=["a", "", None, 7, " ", "m" * 301, "b\n"]),
            _new(name="many", models=[f"m-{n}" for n in range(2000)]),
            _new(models=["m"] * 2001),
            _new(capabilities="text"),
            _new(capabilities=["text", "smell", 7]),
            _new(is_local="yes"),
            _new(enabled=1),
            _new(is_default="no"),
            _new(name="", kind="x", base_url="ftp://a", is_local=1, models=[7], max_concurrency=0),
            patch(f"{PATH}/fast", {"name": "light"}),
            patch(f"{PATH}/fast", {"name": "many"}),
            patch(f"{PATH}/fast", {"name": None}),
            patch(f"{PATH}/fast", {"kind": None}),
            get(f"{PATH}/fast"),
        ]
    ),
    "providers_addresses": Scenario(
        [
            post(PATH, provider()),
            *(
                _address(url)
                for url in (
                    "",
                    None,
                    7,
                    " ",
                    "x",
                    "http://",
                    "http:///v1",
                    "ftp://a.example/",
                    "file:///etc/passwd",
                    "javascript:alert(1)",
                    "HTTP://A.EXAMPLE/V1",
                    "//a.example/v1",
                    "http://user:pw@a.example/v1",
                    "http://user@a.example/v1",
                    "http://a.example/v1?x=1",
                    "http://a.example/v1#x",
                    "http://a.example/v1/",
                    "http://a.example:0/v1",
                    "http://a.example:65535/v1",
                    "http://a.example:65536/v1",
                    "http://a.example:x/v1",
                    "http://[::1/v1",
                    "http://[::1]:8080/v1",
                    "http://a example/v1",
                    "http://a.example/<v1>",
                    "http://\u00e9.example/v1",
                    "http://xn--9ca.example/v1",
                    "http://a.example/%7Ev1",
                    "http://a.example/" + "p" * 483,
                    "http://a.example/" + "p" * 484,
                    "http+unix://%2Frun%2Fserver.sock/v1",
                    "http+unix://run/server.sock",
                    "http+unix:///run/server.sock",
                    "http+unix://",
                    "http://localhost:1234/v1",
                    "http://LOCALHOST/v1",
                    "http://127.0.0.1/v1",
                    "http://127.1/v1",
                    "http://10.0.0.1/v1",
                    "http://192.168.1.1/v1",
                    "http://[fd00::1]/v1",
                    "http://169.254.169.254/latest",
                    "http://169.254.1.1/",
                    "http://2852039166/",
                    "http://0xA9.0376.1/",
                    "http://[::ffff:169.254.169.254]/",
                    "http://[64:ff9b::a9fe:a9fe]/",
                    "http://[2002:a9fe:a9fe::]/",
                    "http://[fe80::1]/",
                    "http://[fd00:ec2::254]/",
                    "http://metadata.google.internal/",
                    "http://METADATA.google.internal./",
                    "http://x.metadata.google.internal/",
                    "http://metadata/",
                    "http://instance-data/",
                    "http://100.100.100.200/",
                    "http://168.63.129.16/",
                    "http://0.0.0.0/",
                    "http://0.1.2.3/",
                    "http://[::]/",
                    "http://224.0.0.1/",
                    "http://[ff02::1]/",
                    "http://240.0.0.1/",
                    "http://255.255.255.255/",
                )
            ),
            get(f"{PATH}/fast"),
        ]
    ),
    "providers_numbers": Scenario(
        [
            post(PATH, provider()),
            *(
                _written(field, number)
                for field in ("connect_timeout", "total_timeout")
                for number in (
                    "1",
                    "1.0",
                    "0.5",
                    "1e1",
                    "0.1000000000000000055511151231257827",
                    "0",
                    "-0.0",
                    "1e-300",
                    "-1",
                    "86400",
                    "86400.0",
                    "86400.00000000001",
                    "86400.000000000001",
                    "86401",
                    "1e400",
                    "null",
                    '"1"',
                    "true",
                    "[]",
                )
            ),
            _written("first_event_timeout", "0"),
            _written("first_event_timeout", "12.125"),
            _written("idle_timeout", "86401"),
            _written("idle_timeout", "33.3"),
            *(
                _written("max_concurrency", number)
                for number in (
                    "1",
                    "1.0",
                    "1.5",
                    "0",
                    "-1",
                    "100000",
                    "100001",
                    "18446744073709551616",
                    "null",
                    "true",
                    '"4"',
                )
            ),
            get(f"{PATH}/fast"),
            put(f"{PATH}/fast", provider()),
            put(f"{PATH}/fast", provider(total_timeout=None)),
        ]
    ),
    "providers_in_use": Scenario(
        [
            post(PATH, provider()),
            post(PATH, provider("spare")),
            post("/routing-profiles", aimed(target(provider="FAST"), target(provider="spare"))),
            post("/routing-profiles", profile("also")),
            delete(f"{PATH}/fast"),
            delete(f"{PATH}/fast?force=false"),
            delete(f"{PATH}/fast?force=x"),
            patch(f"{PATH}/fast", {"name": "quick"}),
            patch(f"{PATH}/quick", {"name": "fast"}),
            patch(f"{PATH}/fast?rename_in_targets=true", {"name": "quick"}),
            patch(f"{PATH}/quick?rename_in_targets=nonsense", {"name": "fast"}),
            put(f"{PATH}/quick?rename_in_targets=1", provider("Quick")),
            put(f"{PATH}/quick?rename_in_targets", provider("Q")),
            get("/routing-profiles"),
            get("/revisions?limit=4"),
            get("/revisions/9"),
            delete(f"{PATH}/q?force=1"),
            delete(f"{PATH}/spare?force"),
            get("/routing-profiles"),
        ]
    ),
    "providers_of_local_only_profiles": Scenario(
        [
            post(PATH, provider(is_local=True)),
            post("/routing-profiles", profile(local_only=True)),
            post("/routing-profiles", profile("also", local_only=True)),
            patch(f"{PATH}/fast", {"is_local": False}),
            patch(f"{PATH}/fast", {"is_local": None}),
            patch(f"{PATH}/fast", {"is_local": None, "base_url": "http://a.example/"}),
            patch(f"{PATH}/fast", {"base_url": "http://a.example/"}),
            post(
                "/routing-profiles",
                profile("later", local_only=True, targets=[target(provider="later")]),
            ),
            post(PATH, provider("later", is_local=False)),
            post(PATH, provider("LATER", base_url="http://a.example/")),
            post(PATH, provider("later")),
            get(PATH),
        ]
    ),
    "providers_lists": Scenario(
        [
            post(PATH, provider("b", enabled=False)),
            post(PATH, provider("A", is_local=False)),
            post(PATH, provider("c", kind="anthropic", is_default=True)),
            get(PATH),
            get(f"{PATH}?limit=1"),
            get(f"{PATH}?limit=1&offset=1"),
            get(f"{PATH}?offset=9"),
            get(f"{PATH}?limit=x"),
            get(f"{PATH}?name=a"),
            get(f"{PATH}?enabled=false"),
            get(f"{PATH}?is_local=true"),
            get(f"{PATH}?is_default=true"),
            get(f"{PATH}?kind=anthropic&enabled=true"),
            get(f"{PATH}?is_local=x&enabled=x&is_default=x"),
        ]
    ),
}
