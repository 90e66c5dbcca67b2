"""The second look at an address, when a name has been resolved and a connection is to be made.

A base URL is checked when it is saved; its name may resolve elsewhere later (DNS rebinding).
"""

from governance.routing.addresses import forbidden_address
from inference.upstream.errors import ConnectFailed

__all__ = ["forbidden_address", "refuse_forbidden"]


def refuse_forbidden(host: str, address: str) -> None:
    """Raise ConnectFailed when `address`, which `host` stands for, may not be an upstream."""
    if (why := forbidden_address(address)) is not None:
        subject = host if host == address else f"{host} resolved to {address}, which"
        kind = why.rpartition(", which ")[2]
        raise ConnectFailed(f"Refused to connect: {subject} {why}.", cause=f"its address {kind}")
