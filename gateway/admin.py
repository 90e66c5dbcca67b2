"""Where Django's admin looks for pages: they are in `gateway.console`."""

from gateway.console import admin as _pages  # noqa: F401
