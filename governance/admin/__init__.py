"""What operators see in Django admin: a file per page."""

from governance.admin import interactions

__all__ = ["interactions"]
