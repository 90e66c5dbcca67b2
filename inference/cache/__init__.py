"""Answers that are given again to the same request, where a profile wants that."""
