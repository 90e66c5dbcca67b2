"""PURE: tools for models whose chat template knows none.

The tools go into the system prompt, calls and results into plain turns, in the tagged JSON form
that most open models saw in training (the Hermes function-calling format). Small models follow it
only sometimes, which is more than never having seen the tools.
"""

import json
from collections.abc import Sequence
from typing import Any

from inference.local.generation import Object
from inference.local.markup import Markers

MARKERS = Markers("<tool_call>", "</tool_call>")

INSTRUCTIONS = """\
You can call functions. These are their signatures:
<tools>
{tools}
</tools>
To call a function, answer with its name and arguments as JSON:
<tool_call>
{{"name": <function name>, "arguments": <object>}}
</tool_call>"""


def with_tools_as_text(messages: Sequence[Object], tools: Sequence[Object]) -> list[Object]:
    """The conversation with its tools, calls and results written out."""
    shown = "\n".join(json.dumps(tool, ensure_ascii=False) for tool in tools)
    instructions = INSTRUCTIONS.format(tools=shown)
    turns = [_as_text(message) for message in messages]
    if turns and turns[0]["role"] == "system":
        first = {**turns[0], "content": f"{turns[0]['content']}\n\n{instructions}"}
        return [first, *turns[1:]]
    return [{"role": "system", "content": instructions}, *turns]


def parse_call(text: str, tools: Any) -> Any:
    """The JSON between the markers. Raises ValueError."""
    return json.loads(text)


def _as_text(message: Object) -> Object:
    if message["role"] in ("tool", "function"):
        return {
            "role": "user",
            "content": f"<tool_response>\n{message['content']}\n</tool_response>",
        }
    calls = message.get("tool_calls") or []
    written = [json.dumps(call["function"], ensure_ascii=False) for call in calls]
    parts = [message["content"]] if message["content"] else []
    parts += [f"{MARKERS.open}\n{call}\n{MARKERS.close}" for call in written]
    return {"role": message["role"], "content": "\n".join(parts)}
