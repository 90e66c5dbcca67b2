"""Counting against limits: counters, leases, and which limits bind. Standard library only."""
