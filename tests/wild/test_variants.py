"""Answers of many steps in odd forms, made by chance: `cases/variants.py` says how."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", [1, 2])
def test_every_variant_holds(tmp_path: Path, seed: int) -> None:
    verdicts = tmp_path / "verdicts.json"
    command = [sys.executable, str(HERE / "run.py"), "variant"]
    command += ["--code", str(ROOT), "--json", str(verdicts)]
    made = {"WILD_VARIANTS": "150", "WILD_SEED": str(seed)}
    run = subprocess.run(
        command, capture_output=True, text=True, cwd=ROOT, env={**os.environ, **made}
    )
    assert verdicts.exists(), run.stdout[-2000:] + run.stderr[-2000:]
    found = json.loads(verdicts.read_text())
    assert len(found) == 150
    broken = {one["id"]: f"{one['title']}: {one['diffs'][0]}" for one in found if one["diffs"]}
    assert broken == {}
    assert "LEAK" not in run.stdout
