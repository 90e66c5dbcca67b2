"""Repairs: what a request can do without, or say in another way, after a provider refused it.

PURE. `recognise` reads a refusal and names the change that answers it; `repaired` makes changes in
a request's body. A repair never takes away what the caller cannot do without unnoticed: tools, an
answer's form or its contents.
"""

from inference.translate.repairs.recognise import recognise, refuses_member
from inference.translate.repairs.table import REPAIRS, Repair, repaired

__all__ = ["REPAIRS", "Repair", "recognise", "refuses_member", "repaired"]
