"""The audit log: who did what to which thing, from where and by which way; append-only."""

from governance.audit.entries import Act, record
from governance.audit.origin import Origin, came_from, current

__all__ = ["Act", "Origin", "came_from", "current", "record"]
