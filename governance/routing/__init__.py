"""Deciding where a request goes: pure functions over frozen values, standard library only."""
