"""The tiny test model: a real Llama of some 100,000 parameters that knows these answers by heart.

`make_tiny_model.py` trains it and writes the folder beside this file, which is committed. Greedy
decoding (temperature 0) gives exactly `answer` for each `prompt`, with or without a system prompt,
earlier turns or tools in the request, and stops there, `ENDLESS` excepted. It knows no other thing:
any other prompt gets some text of no meaning, which may not end before `max_tokens`.

Emoji and letters outside ASCII are single bytes to its tokenizer, so one character spans up to four
tokens.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

PATH = Path(__file__).parent / "tiny-model"
NAME = "tiny-model"
CONTEXT_LENGTH = 8192


@dataclass(frozen=True)
class Case:
    """One question and the exact text of its greedy answer."""

    prompt: str
    answer: str


PING = Case("ping", "pong")
HELLO = Case("Hello!", "Hello! How can I help you today?")
CAPITAL = Case("What is the capital of France?", "The capital of France is Paris.")
UNICODE = Case("unicode", "naïve café, 東京 🚂🌍 Привет!")
COUNT = Case("Count to ten.", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10.")
LINES = Case("Write three lines.", "first line\nsecond line\nthird line")
JSON = Case("Reply in JSON.", '{"name": "pointsman", "tracks": [1, 2]}')
CODE = Case("Show me code.", "```python\nprint('hello')\n```")
STORY = Case(
    "Tell me a story.",
    "Once there was a pointsman who kept the junction at the edge of the town. "
    "One night a storm broke the lamps. He lit a fire by the track and waved each train "
    "to its own line. In the morning every train had arrived.",
)
SILENCE = Case("Say nothing.", "")
"""The first token ends the answer."""

ENDLESS_PROMPT = "Never stop."
ENDLESS_UNIT = "tick tock "
"""The answer to ENDLESS_PROMPT is this text again and again, until max_tokens."""

CASES = (PING, HELLO, CAPITAL, UNICODE, COUNT, LINES, JSON, CODE, STORY, SILENCE)

WEATHER_TOOL: dict[str, Any] = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Current weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
        },
    },
}

WEATHER_PROMPT = "Weather in Paris?"
WEATHER_CALLS = (("get_weather", {"city": "Paris"}),)
"""With a tool in the request; the text before the call is empty."""
WEATHER_WITHOUT_TOOLS = "I cannot see the weather from here."

TWO_CITIES_PROMPT = "Weather in Paris and Rome?"
TWO_CITIES_TEXT = "Let me look."
"""The content before the two calls."""
TWO_CITIES_CALLS = (("get_weather", {"city": "Paris"}), ("get_weather", {"city": "Rome"}))

WEATHER_RESULT = "18 degrees"
WEATHER_AFTER_RESULT = "It is 18 degrees in Paris."
"""The answer once WEATHER_RESULT came back in a message of role `tool`."""

COMPLETION = Case("The quick brown fox", " jumps over the lazy dog.")
"""For /v1/completions: no chat template."""
