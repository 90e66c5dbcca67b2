"""A measure of limits is a file: it is offered, held and counted."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.installation import ROOT

TOY = '''
"""How many searches."""

from governance.limits.measure import Consumption, Measure


def amount(used: Consumption) -> float:
    return (used.units or {}).get("searches", 0.0)


MEASURE = Measure("searches", "Searches", "searches", amount, rank=80)
'''
DRIVE = """
import sys
import governance.limits as limits

limits.__path__.append(sys.argv[1])
limits.MEASURES.discover("governance.limits")
assert ("searches", "Searches") in limits.measures()

from governance.limits.counting.admission import Exceeded, Lease, admit, settle
from governance.limits.counting.counter import Counter
from governance.limits.limit import LimitEntry
from governance.limits.measure import Consumption

counter = Counter(LimitEntry(1, "l", measure="searches", amount=3.0, window="day"), "", 0.0)
used = Consumption(units={"searches": 2.0}, running=True)
lease = admit([counter], used, used, 0.0)
assert isinstance(lease, Lease), lease
assert counter.held == 2.0
assert isinstance(admit([counter], used, used, 0.0), Exceeded)
settle(lease, [Consumption(units={"searches": 1.0})], 1.0)
assert counter.used == 1.0
assert isinstance(admit([counter], used, used, 2.0), Lease)

# What is kept of a plan knows of tokens alone; such requests are looked at one by one.
from governance.routing.plan import Plan
from inference.dispatch.plan_quotes import PlanQuotes

assert PlanQuotes().of(Plan(candidates=(object(),), repeats=True), None, 0.0) is None
print("counted")
"""


def test_a_file_is_enough(tmp_path: Path) -> None:
    (tmp_path / "searches.py").write_text(TOY)
    ended = subprocess.run(
        [sys.executable, "-c", DRIVE, str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.stdout, ended.stderr) == ("counted\n", "")
