"""Building a table from rows."""

import re

import pytest

from governance.routing.table import ModelMappingEntry
from tests.governance.routing.build import cloud, local, profile, table, target

LIGHT = profile(target(), virtual_provider="Light", id="ID-1", name="My Profile")


def test_every_name_finds_its_row():
    where = table(local("MLX"), LIGHT)
    assert where.providers["mlx"].name == "MLX"
    assert where.profiles["ID-1"] is LIGHT
    assert where.by_virtual_provider["light"] is LIGHT
    assert set(where.by_handle) == {"id-1", "light", "my profile"}


def test_a_table_can_not_be_changed():
    where = table(local(), LIGHT)
    for index in (where.providers, where.profiles, where.by_handle, where.virtual_keys):
        with pytest.raises(TypeError):
            index["x"] = None


def test_a_disabled_mapping_is_not_even_compiled():
    """Otherwise a bad pattern that an operator has switched off would still hold up the table."""
    bad = ModelMappingEntry("(", "regex", "mlx", enabled=False)
    assert table(mappings=[bad]).mappings == ()


def test_a_bad_pattern_fails_the_whole_table():
    with pytest.raises(re.error):
        table(mappings=[ModelMappingEntry("(", "regex", "mlx")])


class TestDefaults:
    def names(self, *providers, **more):
        where = table(*providers, **more)
        return tuple(one and one.name for one in (where.default, where.local_default))

    def test_the_marked_one_is_default(self):
        assert self.names(local(), cloud(is_default=True)) == ("openai", "mlx")

    def test_a_marked_one_that_is_switched_off_is_not(self):
        switched_off = cloud(is_default=True, enabled=False)
        assert self.names(switched_off, cloud("a"), cloud("b")) == (None, None)

    def test_the_only_enabled_one_is_default(self):
        assert self.names(cloud(), cloud("b", enabled=False)) == ("openai", None)

    def test_of_several_none_is(self):
        assert self.names(cloud(), local()) == (None, "mlx")

    def test_without_cloud_routing_the_local_one_is(self):
        assert self.names(cloud(), local(), cloud_enabled=False) == ("mlx", "mlx")

    def test_a_local_default_is_the_fallback_too(self):
        assert self.names(local(), local("other", is_default=True)) == ("other", "other")

    def test_the_built_in_engine_goes_before_other_local_servers(self):
        lab = cloud("lab", is_local=True, default_model="m")
        assert self.names(lab, local("unloaded", default_model=""), local())[1] == "mlx"
        assert self.names(lab, local(enabled=False), cloud())[1] == "lab"
