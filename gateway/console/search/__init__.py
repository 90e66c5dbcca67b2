"""Finding things: a field that searches, and the search over everything."""
