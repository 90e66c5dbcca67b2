"""What other programs say of a failure reaches callers without the paths of this machine."""

import pytest

from inference.local.paths import without_paths


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("No safetensors found in /srv/models/tiny", "No safetensors found in tiny"),
        ("No safetensors found in /srv/models/tiny.", "No safetensors found in tiny."),
        ("cannot open '/home/a b/tiny/config.json'", "cannot open 'config.json'"),
        ('File "/usr/lib/python3.11/json.py", line 3', 'File "json.py", line 3'),
        ("(/a/b/c): (~/x/y)", "(c): (y)"),
        ("[Errno 13] Permission denied: /root/", "[Errno 13] Permission denied: root"),
        ("see https://example.com/a/b, 3/4 and/or a / b", None),
        ("The tokenizer is missing.", None),
        ("", None),
    ],
)
def test_a_path_is_cut_down_to_its_last_part(said: str, told: str | None) -> None:
    assert without_paths(said) == (said if told is None else told)


def test_a_known_folder_may_hold_spaces() -> None:
    said = "no weights in /data/my models/tiny, nor in /data/my models"
    assert without_paths(said, "/data/my models") == "no weights in tiny, nor in my models"
