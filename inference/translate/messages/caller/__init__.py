"""Callers of Anthropic's messages, whose requests become chat completions."""
