"""A job with tools by a framework: `python frameworks.py NAME MODEL SETUP`.

SETUP is a file with the lines of docs/clients/frameworks.md, which make `model` or `client`.
"""

from __future__ import annotations

import asyncio
import sys
from importlib import import_module as needed
from pathlib import Path
from typing import Any

PROMPT = "Change the kind of signal in notes.txt to a colour light."
JSON_PROMPT = "Which signal is it?"


def read_file(path: str) -> str:
    """Reads a file.

    Args:
        path: Where it is.
    """
    return Path(path).read_text()


def edit(path: str, old_string: str, new_string: str) -> str:
    """Replaces a text in a file.

    Args:
        path: Where it is.
        old_string: What is replaced.
        new_string: What comes in its place.
    """
    file = Path(path)
    file.write_text(file.read_text().replace(old_string, new_string))
    return "done"


def langchain(made: dict[str, Any], name: str) -> str:
    tool = needed("langchain_core.tools").tool
    tools = {one.name: one for one in (tool(read_file), tool(edit))}
    bound = made["model"].bind_tools(list(tools.values()))
    messages = [needed("langchain_core.messages").HumanMessage(PROMPT)]
    for step in range(5):
        if step % 2:
            chunks = list(bound.stream(messages))
            answer = sum(chunks[1:], chunks[0])
        else:
            answer = bound.invoke(messages)
        messages.append(answer)
        if not answer.tool_calls:
            break
        messages += [tools[call["name"]].invoke(call) for call in answer.tool_calls]
    return str(answer.text)


def llama_index(made: dict[str, Any], name: str) -> str:
    agent = needed("llama_index.core.agent.workflow").FunctionAgent

    async def run() -> str:
        return str(await agent(tools=[read_file, edit], llm=made["model"]).run(PROMPT))

    return asyncio.run(run())


def pydantic_ai(made: dict[str, Any], name: str) -> str:
    agent = needed("pydantic_ai").Agent(made["model"], tools=[read_file, edit])
    return str(agent.run_sync(PROMPT).output)


def openai_agents(made: dict[str, Any], name: str) -> str:
    agents = needed("agents")
    tools = [agents.function_tool(read_file), agents.function_tool(edit)]
    agent = agents.Agent(name="signals", model=made["model"], tools=tools)
    return str(agents.Runner.run_sync(agent, PROMPT).final_output)


def instructor(made: dict[str, Any], name: str) -> str:
    from pydantic import BaseModel

    class Signal(BaseModel):
        signal: str

    found = made["client"].chat.completions.create(
        model=name, response_model=Signal, messages=[{"role": "user", "content": JSON_PROMPT}]
    )
    return f"signal: {found.signal}"


def tool_runner(made: dict[str, Any], name: str) -> str:
    beta_tool = needed("anthropic").beta_tool
    runner = made["client"].beta.messages.tool_runner(
        model=name,
        max_tokens=1000,
        tools=[beta_tool(read_file), beta_tool(edit)],
        messages=[{"role": "user", "content": PROMPT}],
    )
    return "".join(block.text for block in runner.until_done().content if block.type == "text")


if __name__ == "__main__":
    framework, model_name, setup = sys.argv[1:]
    namespace: dict[str, Any] = {}
    exec(Path(setup).read_text(), namespace)  # the lines of our own page
    sys.stdout.write(globals()[framework](namespace, model_name) + "\n")
