"""Upstreams that speak Anthropic's messages, reached from chat completions."""
