"""Choosing one of very many: a field that searches on the server while somebody types."""
