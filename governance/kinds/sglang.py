"""SGLang. Source: its guide to the OpenAI-compatible API."""

from governance.kinds.compatible import server

KIND = server("sglang", "SGLang", "http://127.0.0.1:30000/v1")
