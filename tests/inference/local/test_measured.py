"""What was measured of a model is remembered, for that model and this machine."""

from pathlib import Path

from inference.local.measured import FOLDER, Measured, mark_of


def test_it_works(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    first = Measured(folder, "tiny", "mark")
    assert first.get("step") is None
    first.put("step", 32)
    first.put("gain", 2.5)
    again = Measured(folder, "tiny", "mark")
    assert (again.get("step"), again.get("gain")) == (32.0, 2.5)
    assert [one.name for one in folder.iterdir()] == ["tiny.json"]


def test_other_files_or_another_machine_are_measured_anew(tmp_path: Path) -> None:
    Measured(tmp_path, "tiny", "two cores").put("step", 32)
    assert Measured(tmp_path, "tiny", "four cores").get("step") is None
    model = tmp_path / "tiny.gguf"
    model.write_bytes(b"one")
    before = mark_of(model, 2)
    model.write_bytes(b"another")
    assert mark_of(model, 2) != before
    assert mark_of(model, 2) != mark_of(model, 4)


def test_what_cannot_be_read_or_written_is_measured_anew(tmp_path: Path) -> None:
    (tmp_path / "tiny.json").write_text("[]")
    assert Measured(tmp_path, "tiny", "mark").get("step") is None
    (tmp_path / "file").touch()
    nowhere = Measured(tmp_path / "file" / "folder", "tiny", "mark")
    nowhere.put("step", 32)
    assert nowhere.get("step") == 32.0
    Measured(None, "tiny", "mark").put("step", 32)
