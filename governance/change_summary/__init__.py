"""What changed between two documents, in the words of someone who reads it."""

from governance.change_summary.changed import changed
from governance.change_summary.described import described
from governance.change_summary.sentence import sentence

__all__ = ["changed", "described", "sentence"]
