"""The documentation, served by the service itself, and the way to it from every page."""
