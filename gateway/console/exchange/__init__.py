"""Carrying the configuration out and in."""
