"""What changed between two documents, in the words of someone who reads it. Pure."""

from governance.wording.changed import changed
from governance.wording.sentence import sentence

__all__ = ["changed", "sentence"]
