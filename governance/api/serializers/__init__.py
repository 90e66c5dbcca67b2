"""Shapes of answers that are no rows, for the OpenAPI document."""
