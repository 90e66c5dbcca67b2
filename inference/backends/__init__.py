"""How to reach a provider: its kind is data over one small interface."""

from inference.backends.backend import Backend, UnusableProvider, backend_of

__all__ = ["Backend", "UnusableProvider", "backend_of"]
