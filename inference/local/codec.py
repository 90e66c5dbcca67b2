"""Between text and tokens, with one model's tokenizer and chat template."""

from collections.abc import Sequence
from typing import Any

from jinja2 import TemplateError

from inference.local import toolprompt
from inference.local.generation import ChatGeneration, InvalidGeneration
from inference.local.markup import Markers, Section
from inference.local.toolcalls import Parser


def _byte_letters() -> dict[str, int]:
    """The letters byte-level BPE writes bytes with: GPT-2's table, which later models kept."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters = {chr(byte): byte for byte in printable}
    others = [byte for byte in range(256) if byte not in printable]
    return letters | {chr(256 + i): byte for i, byte in enumerate(others)}


class Codec:
    """Encodes prompts and decodes answers. Any thread may use it."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self.backend: Any = getattr(tokenizer, "backend_tokenizer", None)
        """The tokenizer of the Rust library `tokenizers`; None for models that have another."""
        self._longest_token = max(map(len, tokenizer.get_vocab()), default=1)
        decoder = type(getattr(self.backend, "decoder", None)).__name__
        self._byte_letters = _byte_letters() if decoder == "ByteLevel" else {}
        self._knows_tools = bool(tokenizer.has_tool_calling)
        self.parser: Parser = toolprompt.parse_call
        self.markers: dict[Section, Markers] = {Section.TOOL_CALL: toolprompt.MARKERS}
        if self._knows_tools:
            self.parser = tokenizer.tool_parser
            self.markers[Section.TOOL_CALL] = Markers(
                tokenizer.tool_call_start, tokenizer.tool_call_end
            )
        if tokenizer.has_thinking:
            self.markers[Section.REASONING] = Markers(tokenizer.think_start, tokenizer.think_end)

    def least_tokens(self, text: str) -> int:
        """How many tokens a text has at least, without the time it takes to encode it."""
        return len(text) // self._longest_token

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        """The tokens of a text."""
        if self.backend is not None:
            ids = self.backend.encode(text, add_special_tokens=add_special_tokens).ids
        else:
            ids = self._tokenizer.encode(text, add_special_tokens=add_special_tokens)
        return list(ids)

    def decode(self, tokens: Sequence[int]) -> str:
        """The text of some tokens, special ones included: some models write their markers so."""
        if self.backend is not None:
            return str(self.backend.decode(list(tokens), skip_special_tokens=False))
        return str(self._tokenizer.decode(list(tokens), skip_special_tokens=False))

    def token_bytes(self, token: int) -> bytes | None:
        """The very bytes of a token, which may be part of a character; None if not known."""
        name = self._tokenizer.convert_ids_to_tokens(token)
        if not self._byte_letters or any(letter not in self._byte_letters for letter in name or ""):
            return self.decode([token]).encode()
        return bytes(self._byte_letters[letter] for letter in name)

    def render(self, generation: ChatGeneration) -> str:
        """The prompt text of a conversation. Raises BadRequest when the template refuses it."""
        if not self._tokenizer.has_chat_template:
            raise InvalidGeneration(
                "This model has no chat template: use /v1/completions.", "model"
            )
        messages, tools = list(generation.messages), list(generation.tools)
        if tools and not self._knows_tools:
            messages, tools = toolprompt.with_tools_as_text(messages, tools), []
        try:
            return str(
                self._tokenizer.apply_chat_template(
                    [dict(message) for message in messages],
                    tools=[dict(tool) for tool in tools] or None,
                    add_generation_prompt=not generation.continues,
                    continue_final_message=generation.continues,
                    tokenize=False,
                )
            )
        except (TemplateError, TypeError, ValueError, KeyError) as error:
            raise InvalidGeneration(
                f"The model's chat template refuses these messages: {error}", "messages"
            ) from error

    def opening_section(self, prompt: str) -> Section:
        """Where the answer starts: some templates open the model's reasoning themselves."""
        reasoning = self.markers.get(Section.REASONING)
        if reasoning and prompt.rstrip().endswith(reasoning.open):
            return Section.REASONING
        return Section.CONTENT
