"""What the limits of this process's requests share: live traffic and the playground."""

from __future__ import annotations

from governance.limits_in_force import book
from inference.dispatch.request_limits import Limiting

limiting = Limiting(book)
