"""Counting against limits: windows' counters, leases, and which limits bind. Standard library only."""
