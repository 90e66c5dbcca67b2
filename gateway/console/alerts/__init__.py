"""Alerts: what operators are told of, where, and what was found."""
