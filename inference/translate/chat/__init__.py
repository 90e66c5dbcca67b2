"""OpenAI's chat completions: the hub's own protocol, and that of most upstreams."""
