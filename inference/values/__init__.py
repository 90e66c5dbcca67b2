"""Leaves: values and small pure functions that every room of `inference` may use."""
