"""Rehearse and replay beside the form of a profile, before it is saved."""
