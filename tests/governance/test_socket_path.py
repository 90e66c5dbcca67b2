"""A socket's path: the same for whoever asks, short enough, and in a folder of this user's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from governance.socket_path import LIMIT, bindable, make_folder


def test_a_short_path_stays(tmp_path: Path) -> None:
    assert bindable(tmp_path / "s") == tmp_path / "s"


def test_a_long_one_is_the_same_short_one_for_everybody(tmp_path: Path) -> None:
    wanted = tmp_path / ("x" * LIMIT) / "engine.sock"
    assert bindable(wanted) == bindable(wanted)
    assert len(str(bindable(wanted))) <= LIMIT
    assert bindable(wanted).name == "engine.sock"
    assert bindable(wanted) != bindable(tmp_path / ("y" * LIMIT) / "engine.sock")


def test_its_folder_is_closed_to_others(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").stat().st_mode & 0o077 == 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_not_used(tmp_path: Path) -> None:
    make_folder(tmp_path / "a")
    os.chown(tmp_path / "a", 4321, -1)
    with pytest.raises(PermissionError, match="somebody else"):
        make_folder(tmp_path / "a")
