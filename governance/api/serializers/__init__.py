"""Shapes of what goes in and out, for the OpenAPI document.

They do not validate: a document is checked by the rules that admin and import ask too, so that
every door gives the same answers.
"""
