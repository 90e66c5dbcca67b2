"""Anthropic's messages: as callers speak them, and as upstreams do."""
