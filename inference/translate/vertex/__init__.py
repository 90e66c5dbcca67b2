"""Vertex AI: Claude in Anthropic's protocol, Gemini in Google's."""
