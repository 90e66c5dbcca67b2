"""The system's Firefox as Playwright can drive it: by WebDriver BiDi, with what it does not know
left out.

Playwright tells every page which colours and how much motion its user prefers, by a command that a
released Firefox may not have, and takes the refusal for its end. This file runs as the browser:
it starts Firefox and stands between the two.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import sys
from pathlib import Path

from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType, web

CHANNEL = "moz-firefox"
LEFT_OUT = "emulation."
"""Commands that begin so are done without where Firefox does not know them."""
_LISTENING = re.compile(r"WebDriver BiDi listening on ws://([^\s/]+)")
_LARGEST = 256 * 1024 * 1024


def firefox() -> str | None:
    """The system's own; `FIREFOX` names another."""
    found = (shutil.which(name) for name in ("firefox-esr", "firefox"))
    return os.environ.get("FIREFOX") or next(filter(None, found), None)


def driven(folder: Path, path: str) -> Path:
    """A program in `folder` that starts the Firefox at `path` for Playwright."""
    program = folder / "firefox"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{__file__}" "{path}" "$@"\n')
    program.chmod(0o755)
    return program


class Between:
    """Carries what either says to the other."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._asked: dict[int, str] = {}
        """The commands that wait for an answer."""

    async def meet(self, request: web.Request) -> web.WebSocketResponse:
        driver = web.WebSocketResponse(max_msg_size=_LARGEST)
        await driver.prepare(request)
        address = f"ws://{self._address}{request.path}"
        async with (
            ClientSession() as session,
            session.ws_connect(address, max_msg_size=_LARGEST) as browser,
        ):
            answers = asyncio.create_task(self._carry_answers(browser, driver))
            async for message in driver:
                if message.type is WSMsgType.TEXT:
                    told = json.loads(message.data)
                    self._asked[told.get("id", 0)] = told.get("method", "")
                    await browser.send_str(message.data)
            answers.cancel()
        return driver

    async def _carry_answers(
        self, browser: ClientWebSocketResponse, driver: web.WebSocketResponse
    ) -> None:
        async for message in browser:
            if message.type is WSMsgType.TEXT:
                await driver.send_str(self._answer(message.data))
        await driver.close()

    def _answer(self, text: str) -> str:
        told = json.loads(text)
        method = self._asked.pop(told.get("id", 0), "")
        if told.get("error") == "unknown command" and method.startswith(LEFT_OUT):
            return json.dumps({"type": "success", "id": told["id"], "result": {}})
        return text


async def run(path: str, *arguments: str) -> int:
    """Firefox with these arguments; its exit status."""
    process = await asyncio.create_subprocess_exec(path, *arguments, stderr=asyncio.subprocess.PIPE)
    assert process.stderr is not None
    runner = None
    async for line in process.stderr:
        said = line.decode(errors="replace")
        if match := _LISTENING.search(said):
            app = web.Application()
            app.router.add_get("/{path:.*}", Between(match[1]).meet)
            runner = web.AppRunner(app)
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            host, port = runner.addresses[0][:2]
            said = f"WebDriver BiDi listening on ws://{host}:{port}\n"
        sys.stderr.write(said)
        sys.stderr.flush()
    if runner is not None:
        await runner.cleanup()
    return await process.wait()


if __name__ == "__main__":
    sys.exit(asyncio.run(run(*sys.argv[1:])))
