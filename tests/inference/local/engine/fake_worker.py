"""A worker without a model: it keeps the contract and misbehaves as told.

`behaviour.json` in the model's folder is a list with one object per start of the process, the last
one for all later starts. Keys: load_s, load_steps, fail, crash_on_load, hang_on_load, memory_bytes,
health_memory_bytes, tokens, token_s, die_after_tokens, die_before_answer, die_in_event,
ignore_sigterm, mute_health, frozen_steps. What happened is appended to `log.jsonl` beside it.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any


class FakeWorker:
    def __init__(self, folder: Path, name: str, socket_path: str) -> None:
        self.folder = folder
        self.name = name
        self.socket_path = socket_path
        self.active = 0
        self.steps = 0
        self.connections = 0
        starts = len([entry for entry in read_log(folder) if entry["event"] == "start"])
        behaviours = json.loads((folder / "behaviour.json").read_text())
        self.behaviour: dict[str, Any] = behaviours[min(starts, len(behaviours) - 1)]
        self.log("start", argv=sys.argv[1:])

    def log(self, event: str, **more: Any) -> None:
        line = json.dumps({"event": event, "pid": os.getpid(), "at": time.time(), **more})
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(line + "\n")

    def say(self, **message: Any) -> None:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    async def run(self) -> None:
        told = self.behaviour
        asyncio.get_running_loop().run_in_executor(None, self.end_with_parent)
        if told.get("ignore_sigterm"):
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        sys.stdout.write("a line that is no message\n")
        steps = told.get("load_steps", 2)
        for step in range(steps):
            self.say(state="loading", progress=step / steps, step="reading weights")
            await asyncio.sleep(told.get("load_s", 0.02) / steps)
        if told.get("hang_on_load"):
            await asyncio.sleep(3600)
        if told.get("crash_on_load"):
            sys.stderr.write(f"{told.get('words', 'Traceback: the model is broken')}\n")
            sys.stderr.flush()
            os._exit(7)
        if told.get("fail"):
            self.say(state="failed", reason=told["fail"])
            os._exit(1)
        server = await asyncio.start_unix_server(self.serve, self.socket_path)
        self.say(
            state="ready",
            memory_bytes=told.get("memory_bytes", 1000),
            parameters=42,
            context_length=2048,
        )
        async with server:
            await server.serve_forever()

    def end_with_parent(self) -> None:
        while os.read(0, 100):
            pass
        self.log("parent gone")
        os._exit(0)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        connection = self.connections
        try:
            while line := await reader.readline():
                method, path, _ = line.decode().split()
                headers = {}
                while (line := await reader.readline()).strip():
                    name, _, value = line.decode().partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                if method == "GET":
                    if self.behaviour.get("mute_health"):
                        await asyncio.sleep(3600)
                    self.answer(writer, 200, self.health())
                else:
                    self.log("request", path=path, headers=headers, connection=connection)
                    await self.generate(reader, writer, json.loads(body))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def health(self) -> dict[str, Any]:
        return {
            "status": "ok",
            "active": self.active,
            "queued": 0,
            "steps": self.steps,
            "memory_bytes": self.behaviour.get("health_memory_bytes", 0),
            "mode": "direct",
        }

    def answer(self, writer: asyncio.StreamWriter, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body, indent=1).encode()
        head = f"HTTP/1.1 {status} X\r\ncontent-type: application/json\r\n"
        writer.write(f"{head}content-length: {len(data)}\r\n\r\n".encode() + data)

    async def generate(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ask: dict[str, Any]
    ) -> None:
        told = self.behaviour
        if told.get("die_before_answer"):
            os.kill(os.getpid(), signal.SIGKILL)
        if "bad" in ask:
            error = {"message": "'bad' is bad.", "type": "x", "param": "bad", "code": None}
            self.answer(writer, 400, {"error": error})
            return
        gone = asyncio.ensure_future(reader.read(1))
        self.active += 1
        try:
            await self.speak(writer, ask, gone)
        finally:
            self.active -= 1
            gone.cancel()
            await asyncio.wait([gone])

    async def speak(
        self, writer: asyncio.StreamWriter, ask: dict[str, Any], gone: asyncio.Future[bytes]
    ) -> None:
        told, stream = self.behaviour, ask.get("stream") is True
        tokens = ask.get("tokens", told.get("tokens", 3))
        if stream:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nx-worker: 1\r\n")
            writer.write(b"transfer-encoding: chunked\r\n\r\n")
        for number in range(tokens):
            if number == told.get("die_after_tokens"):
                os.kill(os.getpid(), signal.SIGKILL)
            if number == told.get("die_in_event"):
                chunk(writer, b'data: {"to')
                await writer.drain()
                await asyncio.sleep(0.05)
                os.kill(os.getpid(), signal.SIGKILL)
            if not told.get("frozen_steps"):
                self.steps += 1
            if stream:
                chunk(writer, b'data: {"token": %d}\n\n' % number)
                await writer.drain()
            await asyncio.wait([gone], timeout=told.get("token_s", 0.0))
            if gone.done():
                self.log("cancelled", tokens=number + 1)
                raise ConnectionError
        if stream:
            chunk(writer, b"data: [DONE]\n\n")
            chunk(writer, b"")
        else:
            self.answer(writer, 200, {"tokens": tokens, "pid": os.getpid()})


def chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%s\r\n" % (len(data), data))


def read_log(folder: Path) -> list[dict[str, Any]]:
    try:
        lines = (folder / "log.jsonl").read_text().splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model-dir", type=Path)
    parser.add_argument("--name")
    parser.add_argument("--socket")
    options, _ = parser.parse_known_args()
    asyncio.run(FakeWorker(options.model_dir, options.name, options.socket).run())


if __name__ == "__main__":
    main()
