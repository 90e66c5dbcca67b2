"""What the tools of a Responses request are called as functions of a chat completion, and back.

The Responses API has tools in namespaces and custom tools, which take free text. Chat completions
have functions in one flat list. Names are found from the request alone, so that a call and its
output still meet when they come back as history.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import msgspec

from inference.translate.responses.request_schema import Item, ResponsesTool
from inference.translate.tool_names import has_illegal_names

MOST_CHARACTERS: Final = 64
"""Of a function's name, with OpenAI."""
_LEGAL: Final = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_ILLEGAL: Final = re.compile(r"[^a-zA-Z0-9_-]")
_BRINGS_TOOLS: Final = frozenset({"additional_tools", "tool_search_output"})
"""Items of the input that hold tools."""
_OFFERED: Final = frozenset({"function", "custom"})


class CallersTool(NamedTuple):
    """A tool as the caller calls it."""

    name: str
    namespace: str | None = None
    custom: bool = False


class FunctionNames:
    """Both names of every tool that a request offers."""

    def __init__(self, tools: Iterable[CallersTool] = ()) -> None:
        self._callers: dict[str, CallersTool] = {}
        self._functions: dict[CallersTool, str] = {}
        # A plain name stays as it is, so whoever has one comes first.
        for tool in sorted(tools, key=lambda tool: (tool.namespace is not None, tool.custom)):
            if tool not in self._functions:
                name = self.function(tool)
                if name in self._callers:
                    name = _digested(name, tool)
                self._callers[name] = tool
                self._functions[tool] = name

    def function(self, tool: CallersTool) -> str:
        """The function's name in the chat completion, also of a tool that is offered no more."""
        known = self._functions.get(tool)
        if known is not None:
            return known
        name = tool.name
        if tool.namespace is not None:
            glue = "" if tool.namespace.endswith("__") else "__"
            name = f"{tool.namespace}{glue}{name}"
        return name if _LEGAL.fullmatch(name) else _digested(name, tool)

    def callers(self, function: str) -> CallersTool:
        """The tool that a call of this function means; a name nobody offered stays as it is."""
        return self._callers.get(function) or CallersTool(function)


def _digested(name: str, tool: CallersTool) -> str:
    """The name in legal characters, cut short, and made unlike any other by what it stands for."""
    digest = hashlib.sha256(repr(tuple(tool)).encode(errors="replace")).hexdigest()[:8]
    return f"{_ILLEGAL.sub('_', name)[: MOST_CHARACTERS - 9]}_{digest}"


class PlacedTool(NamedTuple):
    """A tool with its place in the request, and the namespace it stands in."""

    path: str
    tool: ResponsesTool
    namespace: str | None = None

    def callers(self) -> CallersTool | None:
        """How the caller calls it; None for what no chat completion can offer."""
        if self.tool.type not in _OFFERED or self.tool.name is None:
            return None
        return CallersTool(self.tool.name, self.namespace, self.tool.type == "custom")


def tools_in(tools: list[ResponsesTool] | None, items: str | list[Item]) -> list[PlacedTool]:
    """Every tool of a request: its own, those in namespaces, and those its input brings."""
    found = list(_placed(tools or (), "tools"))
    if not isinstance(items, str):
        for position, item in enumerate(items):
            if item.type in _BRINGS_TOOLS and item.tools:
                found += _placed(item.tools, f"input[{position}].tools")
    return found


def _placed(tools: Iterable[ResponsesTool], path: str) -> Iterator[PlacedTool]:
    for position, tool in enumerate(tools):
        where = f"{path}[{position}]"
        if tool.type != "namespace":
            yield PlacedTool(where, tool)
        else:
            for inner, function in enumerate(tool.tools or ()):
                yield PlacedTool(f"{where}.tools[{inner}]", function, tool.name or "")


def names_of(tools: Iterable[PlacedTool]) -> FunctionNames:
    called = (tool.callers() for tool in tools)
    return FunctionNames(tool for tool in called if tool is not None)


class _Offers(msgspec.Struct):
    """Just what of an item offers tools."""

    type: str = "message"
    tools: list[ResponsesTool] | None = None


_TOOLS: Final = msgspec.json.Decoder(list[ResponsesTool] | None)
_ITEMS: Final = msgspec.json.Decoder(str | list[_Offers])
_NONE: Final = msgspec.Raw(b"null")
_PLAIN: Final = FunctionNames()


def names_in(fields: Mapping[str, msgspec.Raw]) -> FunctionNames:
    """The names in a request whose fields are still as they came.

    Most requests offer plain functions alone, under names that every provider takes: that is seen
    without reading them.
    """
    tools = fields.get("tools", _NONE)
    items = fields.get("input", _NONE)
    raw_tools, raw_items = bytes(tools), bytes(items)
    brought = any(name.encode() in raw_items for name in _BRINGS_TOOLS)
    plain = b"custom" not in raw_tools and b"namespace" not in raw_tools
    if plain and not brought and not has_illegal_names(raw_tools):
        return _PLAIN
    held: list[Item] = []
    if brought:
        read = _ITEMS.decode(items)
        if not isinstance(read, str):
            held = [Item(type=item.type, tools=item.tools) for item in read]
    return names_of(tools_in(_TOOLS.decode(tools), held))
