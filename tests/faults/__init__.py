"""Attacks, kills and outages against started services: `make test-faults`."""
