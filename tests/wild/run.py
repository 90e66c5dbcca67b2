#!/usr/bin/env python3
"""Cases drawn from public bug reports of other gateways, run end to end over a Pointsman service.

    run.py [WORD ...] [--code DIR] [--port N]        starts the service from DIR itself (default: this folder)
    run.py [WORD ...] --url URL --key KEY [--log F]  uses one that runs (it gets providers and profiles with names w<time>-...)
    --list            names the cases                  --json FILE       verdicts with what was received
    -v                differences in full              -j N              cases at a time (default 3)

A WORD picks the cases whose id, kind, or title holds it; `=WORD` wants the id or kind to be exactly it.
A case (cases/*.json; cases/*.py where a check needs code) holds the callers' requests, what each upstream target
answers, and what must hold. See README.md for the words it may use.
"""
import argparse
import asyncio
import base64
import concurrent.futures
import copy
import glob
import gzip
import http.client
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
MISSING = type("Missing", (), {"__repr__": lambda s: "absent"})()
OK_WORD = "fine"


# ------------------------------------------------------------------ paths and checks over JSON
def walk(doc, path):
    """The value at `a.b[0].c`, `[-1]`; `[*]` makes a list of what is found; MISSING when nothing is there."""
    parts = re.findall(r'"[^"]*"|\[\*\]|\[-?\d+\]|[^.\[\]"]+', path)

    def go(v, ps):
        for n, p in enumerate(ps):
            if p == "[*]":
                if not isinstance(v, list):
                    return MISSING
                found = [go(x, ps[n + 1:]) for x in v]
                flat = []
                for f, x in zip(found, v):
                    if f is not MISSING:
                        flat.extend(f) if "[*]" in ps[n + 1:] else flat.append(f)
                return flat
            if p[0] == "[":
                i = int(p[1:-1])
                if not isinstance(v, list) or not -len(v) <= i < len(v):
                    return MISSING
                v = v[i]
            else:
                p = p.strip('"')
                if not isinstance(v, dict) or p not in v:
                    return MISSING
                v = v[p]
        return v
    return go(doc, parts)


def check(doc, spec):
    """None when the check holds, else what differs. spec: [op, path, value?]"""
    op, path, want = (list(spec) + [None, None])[:3]
    v = walk(doc, path) if path else doc
    txt = v if isinstance(v, str) else "" if v is MISSING else json.dumps(v, ensure_ascii=False)
    short = txt if len(txt) < 400 else txt[:400] + "…"
    if v is MISSING:
        short = "absent"
    ok = {
        "eq": lambda: v == want and type(v) is not bool or v is want,
        "ne": lambda: v != want,
        "absent": lambda: v is MISSING or v is None,
        "blank": lambda: v is MISSING or v is None or v == [] or v == "" or v == {},
        "present": lambda: v is not MISSING and v is not None,
        "re": lambda: v is not MISSING and re.search(want, txt, re.S) is not None,
        "nre": lambda: v is MISSING or re.search(want, txt, re.S) is None,
        "in": lambda: v in want,
        "len": lambda: hasattr(v, "__len__") and len(v) == want,
        "maxlen": lambda: v is MISSING or len(v) <= want,
        "type": lambda: {"str": str, "dict": dict, "list": list, "int": int, "num": (int, float)}[want] and isinstance(v, {"str": str, "dict": dict, "list": list, "int": int, "num": (int, float)}[want]),
        "gt": lambda: isinstance(v, (int, float)) and v > want,
        "lt": lambda: isinstance(v, (int, float)) and v < want,
        "has": lambda: isinstance(v, list) and want in v,
        "lacks": lambda: not isinstance(v, list) or want not in v,
        "json": lambda: _loads(v) == want,
    }[op]()
    if ok:
        return None
    return f"{path or 'body'}: {op} {json.dumps(want, ensure_ascii=False) if want is not None else ''} but {short}".replace("  ", " ")


def _loads(v):
    try:
        return json.loads(v)
    except (TypeError, ValueError):
        return MISSING


def holds(doc, checks):
    return all(check(doc, c) is None for c in checks)


# ------------------------------------------------------------------ what providers refuse: named rules of strict upstreams
def _err(message, kind="invalid_request_error", status=400, **more):
    return {"status": status, "json": {"error": {"message": message, "type": kind, "param": None, "code": None, **more}}}


def _aerr(message, kind="invalid_request_error", status=400):
    return {"status": status, "json": {"type": "error", "error": {"type": kind, "message": message}}}


def _functions(body):
    return [t.get("function") or {} for t in body.get("tools") or [] if t.get("type") == "function"]


def strict_openai(b):
    """Rules of OpenAI's /chat/completions."""
    tools = b.get("tools")
    if tools is not None and tools == []:
        return _err("Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.")
    if not tools and "tool_choice" in b:
        return _err("Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified.")
    if not tools and "parallel_tool_calls" in b:
        return _err("Invalid value for 'parallel_tool_calls': 'parallel_tool_calls' is only allowed when 'tools' are specified.")
    for f in _functions(b):
        if len(f.get("name", "")) > 64 or not re.fullmatch(r"[a-zA-Z0-9_-]+", f.get("name", "")):
            return _err("Invalid 'tools[0].function.name': string too long. Expected a string with maximum length 64.")
        p = f.get("parameters")
        if p is not None and (p.get("type") != "object" or "properties" not in p):
            return _err("Invalid schema for function: In context=(), object schema missing properties.")
    waiting = []
    for m in b.get("messages") or []:
        if m.get("role") == "tool":
            if m.get("tool_call_id") not in waiting:
                return _err("Invalid parameter: messages with role 'tool' must be a response to a preceding message with 'tool_calls'.")
            waiting.remove(m.get("tool_call_id"))
            continue
        if waiting:
            return _err("An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.")
        calls = m.get("tool_calls") or []
        for c in calls:
            if len(c.get("id") or "") > 40:
                return _err("Invalid 'messages[1].tool_calls[0].id': string too long. Expected a string with maximum length 40.")
            fn = c.get("function") or c.get("custom") or {}
            if len(fn.get("name") or "") > 64:
                return _err("Invalid 'messages[1].tool_calls[0].function.name': string too long. Expected a string with maximum length 64.")
            if c.get("type") == "function" and not isinstance(fn.get("arguments"), str):
                return _err("Invalid type for 'messages[1].tool_calls[0].function.arguments': expected a string, but got an object instead.")
        waiting = [c.get("id") for c in calls]
        for part in m.get("content") if isinstance(m.get("content"), list) else []:
            if part.get("type") not in ("text", "image_url", "input_audio", "file", "refusal"):
                return _err(f"Invalid value: '{part.get('type')}'.")
    if waiting:
        return _err("An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'.")
    return None


def strict_mistral(b):
    for m in b.get("messages") or []:
        for i in [c.get("id") for c in m.get("tool_calls") or []] + ([m.get("tool_call_id")] if m.get("role") == "tool" else []):
            if not re.fullmatch(r"[a-zA-Z0-9]{9}", i or ""):
                return {"status": 400, "json": {"object": "error", "message": f"Tool call id was {i} but must be a-z, A-Z, 0-9, with a length of 9.", "type": "invalid_function_call", "param": None, "code": "3280"}}
    return None


def strict_text(b):
    """Content that is text alone must be one string."""
    for n, m in enumerate(b.get("messages") or []):
        c = m.get("content")
        if isinstance(c, list) and all(p.get("type") == "text" for p in c):
            return _err(f"Failed to deserialize the JSON body into the target type: messages[{n}]: invalid type: sequence, expected a string", status=422)
    return None


def strict_system_first(b):
    """As the chat templates that raise unless the system message is one and first."""
    roles = [m.get("role") for m in b.get("messages") or []]
    if any(r in ("system", "developer") for r in roles[1:]):
        return _err("System message must be at the beginning.", "BadRequestError")
    if "developer" in roles:
        return _err("Unexpected message role.", "BadRequestError")
    return None


def strict_alternate(b):
    roles = [m.get("role") for m in b.get("messages") or [] if m.get("role") != "system"]
    for x, y in zip(roles, roles[1:]):
        if x == y and x in ("user", "assistant"):
            return _err("Conversation roles must alternate user/assistant/user/assistant/...", "BadRequestError")
    return None


_SCHEMA_WORDS = {"$defs", "$ref", "type", "anyOf", "allOf", "enum", "const", "description", "title", "properties",
                 "additionalProperties", "required", "items", "format", "minItems", "default", "$schema"}


def _schema_fault(s):
    """What Anthropic's structured outputs refuse (the list that its SDK's transform_schema works by)."""
    if not isinstance(s, dict):
        return None
    for k in s:
        if k not in _SCHEMA_WORDS:
            return f"property '{k}' is not supported"
    if s.get("minItems", 0) not in (0, 1):
        return "'minItems' values other than 0 or 1 are not supported"
    if s.get("type") == "object" and s.get("additionalProperties") is not False:
        return "For 'object' type, 'additionalProperties' must be explicitly set to false"
    for sub in [*(s.get("properties") or {}).values(), *(s.get("$defs") or {}).values(), *(s.get("anyOf") or []), *(s.get("allOf") or []), s.get("items")]:
        f = _schema_fault(sub)
        if f:
            return f
    return None


def strict_anthropic(b):
    """Rules of Anthropic's /v1/messages."""
    if not isinstance(b.get("max_tokens"), int):
        return _aerr("max_tokens: Field required")
    ms = b.get("messages")
    if not ms:
        return _aerr("messages: at least one message is required")
    waiting = []
    for n, m in enumerate(ms):
        c = m.get("content")
        last_assistant = n == len(ms) - 1 and m.get("role") == "assistant"
        if (c == "" or c == []) and not last_assistant:
            return _aerr("all messages must have non-empty content except for the optional final assistant message")
        blocks = [{"type": "text", "text": c}] if isinstance(c, str) else c or []
        for x in blocks:
            if x.get("type") == "text" and not x.get("text", "").strip():
                return _aerr(f"messages.{n}: text content blocks must contain non-whitespace text")
            src = x.get("source") or {}
            if x.get("type") == "image" and src.get("type") == "base64" and src.get("media_type") not in ("image/jpeg", "image/png", "image/gif", "image/webp"):
                return _aerr(f"messages.{n}.content.0.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'")
            if x.get("type") == "tool_use" and not re.fullmatch(r"[a-zA-Z0-9_-]+", x.get("id") or ""):
                return _aerr(f"messages.{n}.content.0.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'")
            if x.get("type") == "tool_use" and not isinstance(x.get("input"), dict):
                return _aerr(f"messages.{n}.content.0.tool_use.input: Input should be a valid dictionary")
        results = [x.get("tool_use_id") for x in blocks if x.get("type") == "tool_result"]
        missing = [i for i in waiting if i not in results]
        if missing:
            return _aerr(f"messages.{n}: `tool_use` ids were found without `tool_result` blocks immediately after: {missing[0]}.")
        if [i for i in results if i not in waiting]:
            return _aerr(f"messages.{n}: unexpected `tool_use_id` found in `tool_result` blocks.")
        if results and any(x.get("type") != "tool_result" for x in blocks[:len(results)]):
            return _aerr(f"messages.{n}: `tool_result` blocks must come first.")
        waiting = [x.get("id") for x in blocks if x.get("type") == "tool_use"]
    if waiting:
        return _aerr(f"messages: `tool_use` ids were found without `tool_result` blocks immediately after: {waiting[0]}.")
    if isinstance(b.get("system"), list) and any(not x.get("text", "").strip() for x in b["system"]):
        return _aerr("system: text content blocks must be non-empty")
    t, p = b.get("temperature"), b.get("top_p")
    if t is not None and not 0 <= t <= 1:
        return _aerr("temperature: range: 0..1")
    model = str(b.get("model"))
    if re.search(r"opus-4-[78]|-5\b|-5-", model.replace("4-5", "")) and any(b.get(k) is not None for k in ("temperature", "top_p", "top_k")):
        word = next(k for k in ("temperature", "top_p", "top_k") if b.get(k) is not None)
        return _aerr(f"`{word}` is deprecated for this model.")
    if t is not None and p is not None and re.search(r"opus-4-1|4-5|4-6", model):
        return _aerr("`temperature` and `top_p` cannot both be specified for this model. Please use only one.")
    for n, tool in enumerate(b.get("tools") or []):
        if tool.get("type") in (None, "custom"):
            if (tool.get("input_schema") or {}).get("type") != "object":
                return _aerr(f"tools.{n}.custom.input_schema.type: Field required")
    fmt = (b.get("output_config") or {}).get("format") or b.get("output_format") or {}
    fault = _schema_fault(fmt.get("schema"))
    if fault:
        return _aerr(f"output_config.format.schema: {fault}")
    return None


def _no(member, text, status=400, deep=False):
    def rule(b):
        if walk(b, member) not in (MISSING, []) if not deep else re.search(f'"{deep}"', json.dumps(b)):
            return _err(text, status=status)
        return None
    return rule


def _sampling(b):
    if b.get("temperature") not in (None, 1, 1.0):
        return _err("Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.", param="temperature", code="unsupported_value")
    if b.get("top_p") not in (None, 1, 1.0):
        return _err("Unsupported parameter: 'top_p' is not supported with this model.", param="top_p", code="unsupported_parameter")
    return None


def _limit(n, words="max_tokens is too large: {}. This model supports at most {} completion tokens, whereas you provided {}."):
    def rule(b):
        m = b.get("max_tokens") or b.get("max_completion_tokens") or 0
        return _err(words.format(m, n, m), param="max_tokens", code="invalid_value") if m > n else None
    return rule


def _beta(b):
    for k in ("context_management", "mcp_servers", "container", "speed", "output_config"):
        if k in b:
            return _aerr(f"{k}: Extra inputs are not permitted")
    return None


def _strict_word(b):
    for n, t in enumerate(b.get("tools") or []):
        if "strict" in t:
            return _aerr(f"tools.{n}.custom.strict: Extra inputs are not permitted")
    return None


def _signed(b):
    """Anthropic: the thinking of an assistant turn must carry a signature of its own."""
    for n, m in enumerate(b.get("messages") or []):
        for i, x in enumerate(m.get("content") if isinstance(m.get("content"), list) else []):
            if x.get("type") == "thinking" and not str(x.get("signature", "")).startswith("ANT-"):
                return _aerr(f"messages.{n}.content.{i}: Invalid `signature` in `thinking` block")
    return None


def _gemini_signature(b):
    for n, m in enumerate(b.get("messages") or []):
        for c in (m.get("tool_calls") or [])[:1]:
            if not walk(c, "extra_content.google.thought_signature") or walk(c, "extra_content.google.thought_signature") is MISSING:
                return {"status": 400, "json": [{"error": {"code": 400, "message": f"Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly. Position {n}.", "status": "INVALID_ARGUMENT"}}]}
    return None


def _four_roles(b):
    for m in b.get("messages") or []:
        if m.get("role") not in ("system", "user", "assistant", "tool"):
            return _err(f"Failed to deserialize the JSON body into the target type: messages[0].role: unknown variant `{m.get('role')}`, expected one of `system`, `user`, `assistant`, `tool`", status=422)
    return None


def _responses_only(b):
    if b.get("tools") and b.get("reasoning_effort") not in (None, "none"):
        return _err("Function tools with reasoning_effort are not supported for this model in /v1/chat/completions. To use function tools, use /v1/responses or set reasoning_effort to 'none'.", param="reasoning_effort")
    return None


STRICT = {
    "openai": strict_openai, "anthropic": strict_anthropic, "mistral-ids": strict_mistral, "text-string": strict_text,
    "system-first": strict_system_first, "alternate": strict_alternate, "signed": _signed, "gemini-signature": _gemini_signature,
    "four-roles": _four_roles, "beta": _beta, "no-strict": _strict_word, "sampling-fixed": _sampling, "responses-only": _responses_only,
    "no-reasoning-effort": _no("reasoning_effort", "Unrecognized request argument supplied: reasoning_effort"),
    "no-stream-options": _no("stream_options", '{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}', 422),
    "no-reasoning-content": _no("messages[*].reasoning_content", "'messages.1' : for 'role:assistant' the following must be satisfied[('messages.1' : property 'reasoning_content' is unsupported)]"),
    "no-parallel": _no("parallel_tool_calls", "Unsupported parameter: 'parallel_tool_calls' is not supported with this model."),
    "limit-16384": _limit(16384), "limit-8192": _limit(8192, "Invalid max_tokens value {}, the valid range of max_tokens is [1, {}]"),
    "limit-4096": _limit(4096, "`max_tokens` must be less than or equal to `{1}`, the maximum value for `max_tokens` is less than the `context_window` for this model"),
}


# ------------------------------------------------------------------ the scripted upstream
class Upstream:
    """Raw HTTP/1.1 on loopback. The path's first part picks the script: /CASE.TARGET/v1/..."""

    def __init__(self):
        self.scripts, self.seen = {}, {}
        self.ready = threading.Event()
        threading.Thread(target=lambda: asyncio.run(self._main()), daemon=True).start()
        self.ready.wait(10)

    async def _main(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=256, limit=64 * 1024 * 1024)
        self.port = server.sockets[0].getsockname()[1]
        self.ready.set()
        async with server:
            await server.serve_forever()

    def script(self, name, target):
        self.scripts[name] = {"replies": target.get("replies") or [], "strict": target.get("strict") or [], "kind": target.get("kind", "openai"),
                              "guards": target.get("guards") or [], "used": 0, "paths": target.get("paths") or {}}
        self.seen[name] = []

    async def _serve(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                line, *rest = head.decode("latin1").split("\r\n")
                method, path, _ = line.split(" ", 2)
                pairs = [[k.strip().lower(), v.strip()] for k, v in (h.split(":", 1) for h in rest if ":" in h)]
                h = dict(pairs)
                if h.get("transfer-encoding", "").lower() == "chunked":
                    raw = b""
                    while True:
                        n = int((await reader.readline()).split(b";")[0], 16)
                        raw += await reader.readexactly(n)
                        await reader.readline()
                        if n == 0:
                            break
                else:
                    raw = await reader.readexactly(int(h.get("content-length", 0)))
                if not await self._answer(method, path, pairs, raw, reader, writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, OSError):
            pass
        finally:
            writer.close()

    async def _answer(self, method, path, pairs, raw, reader, writer):
        name, _, rest = path.lstrip("/").partition("/")
        s = self.scripts.get(name)
        if s is None:
            return await self._send(writer, {"status": 404, "json": {"error": {"message": "no script"}}})
        try:
            body = json.loads(raw or b"null")
        except ValueError:
            body = None
        if isinstance(body, dict) and "SLOT-PROBE" in raw.decode("latin1"):
            return await self._send(writer, {"anthropic": whole_anthropic, "gemini": whole_gemini}.get(s["kind"], whole_openai)("ok"))
        for pattern, reply in s["paths"].items():
            if re.search(pattern, "/" + rest):
                self.seen[name].append({"method": method, "path": "/" + rest, "headers": pairs, "body": body, "raw": raw, "refused": False})
                return await self._send(writer, reply, body, s["kind"], rest)
        seen = {"method": method, "path": "/" + rest, "headers": pairs, "body": body, "raw": raw, "refused": False}
        self.seen[name].append(seen)
        if isinstance(body, dict):
            for word in s["strict"]:
                refusal = STRICT[word](body)
                if refusal:
                    if s["kind"] == "anthropic" and "error" in refusal["json"] and "type" not in refusal["json"]:
                        refusal = _aerr(refusal["json"]["error"]["message"], status=refusal["status"])
                    seen["refused"] = refusal["json"]
                    return await self._send(writer, refusal, body)
            for g in s["guards"]:
                if holds(body, g["if"]):
                    seen["refused"] = True
                    return await self._send(writer, g["reply"], body, s["kind"], rest)
        if s["replies"]:
            reply = s["replies"][min(s["used"], len(s["replies"]) - 1)]
            s["used"] += 1
        else:
            reply = {"say": {"text": OK_WORD}}
        return await self._send(writer, reply, body, s["kind"], rest)

    async def _send(self, writer, r, body=None, kind="openai", path=""):
        if r.get("refuse"):
            writer.transport.abort()
            return False
        if r.get("wait"):
            await asyncio.sleep(r["wait"])
        if "say" in r:
            how = say_anthropic if kind == "anthropic" else say_responses if path.endswith("/responses") else say_openai
            r = {**how(body if isinstance(body, dict) else {}, r["say"]), **{k: v for k, v in r.items() if k != "say"}}
        status, ctype, pieces = r.get("status", 200), r.get("content_type", "application/json"), []
        if "sse" in r:
            ctype = r.get("content_type", "text/event-stream")
            nl = r.get("newline", "\n")
            for e in r["sse"]:
                if isinstance(e, dict) and any(k in e for k in ("$pause", "$abort", "$raw", "$hang")):
                    pieces.append(e)
                elif isinstance(e, str):
                    pieces.append(f"data: {e}{nl}{nl}".encode())
                else:
                    head = f"event: {e['type']}{nl}" if r.get("named") else ""
                    pieces.append(f"{head}data: {json.dumps(e, ensure_ascii=False)}{nl}{nl}".encode())
            if r.get("done", not r.get("named")):
                pieces.append(f"data: [DONE]{nl}{nl}".encode())
            if r.get("cut"):
                pieces[-1] = pieces[-1][:-r["cut"]]
            if r.get("split"):
                blob, cuts = b"".join(p for p in pieces if isinstance(p, bytes)), r["split"]
                pieces = [blob[i:i + cuts] for i in range(0, len(blob), cuts)]
        elif "json" in r:
            pieces = [json.dumps(r["json"], ensure_ascii=False).encode()]
        elif "b64" in r:
            pieces = [base64.b64decode(r["b64"])]
        else:
            pieces = [r.get("raw", "").encode()]
        headers = [("content-type", ctype)] + list(map(tuple, r.get("headers", [])))
        if r.get("encoding"):
            blob = b"".join(p for p in pieces if isinstance(p, bytes))
            if r["encoding"] == "gzip":
                blob = gzip.compress(blob)
            elif r["encoding"] == "deflate":
                blob = zlib.compress(blob)
            headers.append(("content-encoding", r["encoding"]))
            pieces = [blob]
        stream = "sse" in r or r.get("chunked")
        close = r.get("close", False)
        head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{k}: {v}\r\n" for k, v in headers)
        if stream:
            head += "connection: close\r\n\r\n" if close else "transfer-encoding: chunked\r\n\r\n"
        else:
            blob = b"".join(p for p in pieces if isinstance(p, bytes))
            head += f"content-length: {len(blob)}\r\n\r\n"
            pieces = [blob]
        writer.write(head.encode("latin1"))
        for p in pieces:
            if isinstance(p, dict):
                if "$pause" in p:
                    await writer.drain()
                    await asyncio.sleep(p["$pause"])
                    continue
                if "$hang" in p:
                    await writer.drain()
                    await asyncio.sleep(p["$hang"])
                    continue
                if "$abort" in p:
                    await writer.drain()
                    await asyncio.sleep(0.05)
                    writer.transport.abort()
                    return False
                p = p["$raw"].encode()
            if not p:
                continue
            writer.write(b"%x\r\n%s\r\n" % (len(p), p) if stream and not close else p)
            if stream:
                await writer.drain()
                await asyncio.sleep(r.get("gap", 0.001))
        if stream and not close:
            writer.write(b"0\r\n\r\n")
        await writer.drain()
        return not close


def whole_openai(text, **kw):
    return {"json": {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
                     "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
                     "usage": {"prompt_tokens": 3, "completion_tokens": 1, "total_tokens": 4}}, **kw}


def whole_anthropic(text, **kw):
    return {"json": {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [{"type": "text", "text": text}],
                     "stop_reason": "end_turn", "stop_sequence": None, "usage": {"input_tokens": 3, "output_tokens": 1}}, **kw}


def whole_gemini(text, **kw):
    return {"json": {"candidates": [{"content": {"role": "model", "parts": [{"text": text}]}, "finishReason": "STOP", "index": 0}],
                     "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1, "totalTokenCount": 4}}, **kw}


def _resolve(tools, body):
    """The calls of a `say`: a `value` goes into whatever one string the request's tool of that name takes; a `like` finds a tool by its name's end or beginning."""
    out = []
    for n, t in enumerate(tools):
        name, args, custom = t.get("name"), t.get("args", {}), None
        offered = {}
        for x in body.get("tools") or []:
            f = x.get("function") or x.get("custom") or x
            offered[f.get("name") or ""] = (x, f)
        if "like" in t:
            name = next((k for k in offered if k.endswith(t["like"]) or k.startswith(t["like"])), t["like"])
        if "value" in t:
            x, f = offered.get(name, ({}, {}))
            if x.get("type") == "custom" and "custom" in x:
                custom = t["value"]
            else:
                props = ((f.get("parameters") or f.get("input_schema") or {}).get("properties")) or {"input": {}}
                args = {next(iter(props)): t["value"]}
        out.append({"id": t.get("id", f"call_{n + 1}"), "name": name, "args": args, "custom": custom})
    return out


def say_openai(body, w):
    tools, text, reasoning = _resolve(w.get("tools", []), body), w.get("text"), w.get("reasoning")
    stop = w.get("stop") or ("tool_calls" if tools else "stop")
    usage = {"prompt_tokens": w.get("usage", [3, 1])[0], "completion_tokens": w.get("usage", [3, 1])[1], "total_tokens": sum(w.get("usage", [3, 1]))}
    calls = [{"id": t["id"], "type": "function", "function": {"name": t["name"], "arguments": json.dumps(t["args"])}} if t["custom"] is None else
             {"id": t["id"], "type": "custom", "custom": {"name": t["name"], "input": t["custom"]}} for t in tools]
    if not body.get("stream"):
        msg = {"role": "assistant", "content": text}
        if reasoning is not None:
            msg["reasoning_content"] = reasoning
        if calls:
            msg["tool_calls"] = calls
        return {"json": {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "message": msg, "finish_reason": stop}], "usage": usage}}
    ch = lambda d, f=None: {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": d, "finish_reason": f}]}
    out = [ch({"role": "assistant", "content": ""})]
    if reasoning is not None:
        out.append(ch({"reasoning_content": reasoning}))
    if text is not None:
        out.append(ch({"content": text}))
    for n, c in enumerate(calls):
        key = "function" if "function" in c else "custom"
        arg = "arguments" if key == "function" else "input"
        out.append(ch({"tool_calls": [{"index": n, **c, key: {**c[key], arg: ""}}]}))
        whole = c[key][arg]
        for piece in (whole[:len(whole) // 2], whole[len(whole) // 2:]):
            out.append(ch({"tool_calls": [{"index": n, key: {arg: piece}}]}))
    out += [ch({}, stop), {**ch({}), "choices": [], "usage": usage}]
    return {"sse": out}


def say_anthropic(body, w):
    tools, u = _resolve(w.get("tools", []), body), w.get("usage", [3, 1])
    blocks = list(w.get("blocks", []))
    if not blocks:
        if w.get("reasoning") is not None:
            blocks.append({"type": "thinking", "thinking": w["reasoning"], "signature": w.get("signature", "ANT-1")})
        if w.get("text") is not None:
            blocks.append({"type": "text", "text": w["text"]})
        blocks += [{"type": "tool_use", "id": t["id"].replace("call_", "toolu_"), "name": t["name"], "input": t["args"]} for t in tools]
    stop = w.get("stop") or ("tool_use" if any(b["type"] == "tool_use" for b in blocks) else "end_turn")
    msg = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": u[0], "output_tokens": u[1]}}
    if not body.get("stream"):
        return {"json": {**msg, "content": blocks, "stop_reason": stop}}
    out = [{"type": "message_start", "message": msg}]
    for n, b in enumerate(blocks):
        if b["type"] == "thinking":
            start, ds = {"type": "thinking", "thinking": "", "signature": ""}, [{"type": "thinking_delta", "thinking": b["thinking"]}, {"type": "signature_delta", "signature": b["signature"]}]
        elif b["type"] == "text":
            start, ds = {"type": "text", "text": ""}, [{"type": "text_delta", "text": b["text"]}]
        elif b["type"] == "tool_use":
            j = json.dumps(b["input"])
            start, ds = {**b, "input": {}}, [{"type": "input_json_delta", "partial_json": p} for p in ("", j[:3], j[3:])]
        else:
            start, ds = b, []
        out += [{"type": "content_block_start", "index": n, "content_block": start}] + [{"type": "content_block_delta", "index": n, "delta": x} for x in ds] + [{"type": "content_block_stop", "index": n}]
    out += [{"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": {"output_tokens": u[1]}}, {"type": "message_stop"}]
    return {"named": True, "sse": out}


def say_responses(body, w):
    """For a gateway that speaks the Responses API to its provider."""
    tools = _resolve(w.get("tools", []), body)
    items = []
    if w.get("text") is not None:
        items.append({"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [{"type": "output_text", "text": w["text"], "annotations": []}]})
    items += [{"type": "function_call", "id": f"fc_{n}", "call_id": t["id"], "name": t["name"], "arguments": json.dumps(t["args"]), "status": "completed"} for n, t in enumerate(tools)]
    doc = {"id": "resp_1", "object": "response", "created_at": 1, "model": "m", "status": "completed", "output": items, "tools": body.get("tools") or [], "tool_choice": "auto", "parallel_tool_calls": True,
           "usage": {"input_tokens": 3, "output_tokens": 1, "total_tokens": 4, "input_tokens_details": {"cached_tokens": 0}, "output_tokens_details": {"reasoning_tokens": 0}}}
    if not body.get("stream"):
        return {"json": doc}
    out = [{"type": "response.created", "response": {**doc, "output": [], "status": "in_progress"}}]
    for n, it in enumerate(items):
        out.append({"type": "response.output_item.added", "output_index": n, "item": {**it, "content": []} if it["type"] == "message" else {**it, "arguments": ""}})
        if it["type"] == "message":
            at = {"item_id": it["id"], "output_index": n, "content_index": 0}
            out += [{"type": "response.content_part.added", **at, "part": {"type": "output_text", "text": "", "annotations": []}}, {"type": "response.output_text.delta", **at, "delta": w["text"]},
                    {"type": "response.output_text.done", **at, "text": w["text"]}, {"type": "response.content_part.done", **at, "part": it["content"][0]}]
        else:
            at = {"item_id": it["id"], "output_index": n}
            out += [{"type": "response.function_call_arguments.delta", **at, "delta": it["arguments"]}, {"type": "response.function_call_arguments.done", **at, "arguments": it["arguments"]}]
        out.append({"type": "response.output_item.done", "output_index": n, "item": it})
    out.append({"type": "response.completed", "response": doc})
    return {"named": True, "sse": [{**e, "sequence_number": n} for n, e in enumerate(out)]}


# ------------------------------------------------------------------ callers' side: answers put together, and strict readers
def events_of(raw):
    """[(event name or None, data)] by the rules of server-sent events; a last event without a blank line is not delivered."""
    out, name, data = [], None, []
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n").replace("\r", "\n")
    for line in text.split("\n"):
        if line == "":
            if data:
                out.append((name, "\n".join(data)))
            name, data = None, []
        elif line.startswith(":"):
            continue
        elif line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif line.startswith("event:"):
            name = line[6:].strip()
    return out


def blank():
    return {"text": "", "reasoning": "", "tools": [], "stop": None, "usage": None, "error": None, "faults": [], "order": [], "echo": None, "events": [],
            "ended": False, "id": None, "max_open": 0, "refusal": ""}


def _args(raw):
    if isinstance(raw, dict):
        return raw
    try:
        return json.loads(raw)
    except (TypeError, ValueError):
        return f"NOT JSON: {raw}"


def chat_whole(d):
    m = blank()
    c = (d.get("choices") or [{}])[0]
    msg = c.get("message") or {}
    m.update(text=msg.get("content") or c.get("text") or "", reasoning=msg.get("reasoning_content") or msg.get("reasoning") or "", stop=c.get("finish_reason"), usage=d.get("usage"),
             id=d.get("id"), echo=msg, ended=True)
    for t in msg.get("tool_calls") or []:
        f = t.get("function") or t.get("custom") or {}
        if not isinstance(f.get("arguments", f.get("input")), str):
            m["faults"].append(f"tool call {f.get('name')}: arguments are not a string")
        m["tools"].append({"id": t.get("id"), "name": f.get("name"), "raw": f.get("arguments", f.get("input")), "args": _args(f.get("arguments", f.get("input")))})
    for b in msg.get("thinking_blocks") or []:
        m["reasoning"] = m["reasoning"] or b.get("thinking", "")
    return m


def chat_stream(evs):
    m, calls, done, finishes, extras = blank(), {}, 0, 0, {}
    say = m["faults"].append
    for n, (name, data) in enumerate(evs):
        if done:
            say("something follows [DONE]")
        if data == "[DONE]":
            done += 1
            continue
        try:
            d = json.loads(data)
        except ValueError:
            say(f"event {n} is not JSON: {data[:80]}")
            continue
        m["events"].append(d)
        if d.get("error"):
            m["error"] = d["error"]
            continue
        if d.get("object") not in ("chat.completion.chunk", "text_completion"):
            say(f"event {n}: object is {d.get('object')!r}")
        if not isinstance(d.get("choices"), list):
            say(f"event {n}: no choices")
        m["id"] = m["id"] or d.get("id")
        if d.get("usage"):
            m["usage"] = d["usage"]
        for c in d.get("choices") or []:
            if c.get("index") not in (0, None):
                continue
            if not isinstance(c.get("index"), int):
                say(f"event {n}: choice index is {c.get('index')!r}")
            x = c.get("delta") or {}
            if finishes and (x.get("content") or x.get("tool_calls")):
                say(f"event {n}: content after finish_reason")
            m["text"] += x.get("content") or c.get("text") or ""
            m["reasoning"] += x.get("reasoning_content") or x.get("reasoning") or ""
            for k, v in x.items():
                if k in ("thinking_blocks", "reasoning_details") and isinstance(v, list):
                    extras.setdefault(k, []).extend(v)
                elif k in ("reasoning_content", "reasoning", "refusal") and isinstance(v, str):
                    extras[k] = extras.get(k, "") + v
            for t in x.get("tool_calls") or []:
                i, f = t.get("index"), t.get("function") or t.get("custom") or {}
                if not isinstance(i, int):
                    say(f"event {n}: tool call without an index")
                call = calls.get(i)
                if call is None:
                    call = calls[i] = {"id": t.get("id"), "name": f.get("name") or "", "raw": "", "extra": {}}
                    m["order"].append(f"tool:{call['name']}")
                    if not t.get("id") or not f.get("name"):
                        say(f"event {n}: tool call {i} begins without id and name")
                else:
                    if t.get("id") and t["id"] != call["id"]:
                        say(f"event {n}: tool call {i} changes its id")
                    if f.get("name") and f["name"] != call["name"]:
                        call["name"] += f["name"]
                piece = f.get("arguments", f.get("input"))
                if piece is not None and not isinstance(piece, str):
                    say(f"event {n}: arguments are not a string")
                    piece = json.dumps(piece)
                call["raw"] += piece or ""
                call["extra"].update({k: v for k, v in t.items() if k not in ("index", "id", "function", "type", "custom")})
            if c.get("finish_reason"):
                finishes += 1
                m["stop"] = c["finish_reason"]
            elif c.get("finish_reason") == "":
                say(f"event {n}: finish_reason is an empty string")
    m["ended"] = bool(done) and m["error"] is None
    if done > 1:
        say(f"{done} times [DONE]")
    if done and finishes != 1 and m["events"] and m["error"] is None:
        say(f"{finishes} finish_reasons")
    if m["error"] and done:
        say("[DONE] beside an error")
    m["tools"] = [{"id": c["id"], "name": c["name"], "raw": c["raw"], "args": _args(c["raw"] or "{}")} for c in calls.values()]
    echo = {"role": "assistant", "content": m["text"] or None, **extras}
    if calls:
        echo["tool_calls"] = [{"id": c["id"], "type": "function", "function": {"name": c["name"], "arguments": c["raw"]}, **c["extra"]} for c in calls.values()]
    m["echo"] = echo
    m["faults"] = list(dict.fromkeys(m["faults"]))
    return m


def messages_blocks(m, content):
    for b in content:
        t = b.get("type")
        m["order"].append(f"tool:{b.get('name')}" if t == "tool_use" else t)
        if t == "text":
            m["text"] += b.get("text") or ""
        elif t == "thinking":
            m["reasoning"] += b.get("thinking") or ""
        elif t == "tool_use":
            if not isinstance(b.get("input"), dict):
                m["faults"].append(f"tool_use input is {type(b.get('input')).__name__}")
            m["tools"].append({"id": b.get("id"), "name": b.get("name"), "raw": json.dumps(b.get("input")), "args": b.get("input")})
    m["echo"] = content


def messages_whole(d):
    m = blank()
    messages_blocks(m, d.get("content") or [])
    for k in ("id", "type", "role", "model", "content", "stop_reason", "usage"):
        if k not in d:
            m["faults"].append(f"message without {k}")
    m.update(stop=d.get("stop_reason"), usage=d.get("usage"), id=d.get("id"), ended=True)
    return m


def messages_stream(evs):
    """As a strict reader would: blocks numbered from 0 without gaps, each started and stopped once, one message_start, one message_stop."""
    m = blank()
    say = m["faults"].append
    content, at, opened, stopped, started, ended, deltas, parts = [], {}, set(), set(), 0, 0, 0, {}
    for n, (name, data) in enumerate(evs):
        try:
            d = json.loads(data)
        except ValueError:
            say(f"event {n} is not JSON: {data[:80]}")
            continue
        m["events"].append(d)
        t = d.get("type")
        if name != t:
            say(f"event {n}: named {name} but of type {t}")
        if ended:
            say(f"{t} after message_stop")
        if t == "ping":
            continue
        if t == "error":
            m["error"] = d.get("error") or d
            continue
        if m["error"]:
            say(f"{t} after error")
        if t == "message_start":
            started += 1
            if n > 0 and started == 1 and any(e.get("type") not in ("ping", "message_start") for e in m["events"]):
                say("message_start is not the first event")
            msg = d.get("message") or {}
            for k in ("id", "type", "role", "content", "model", "stop_reason", "usage"):
                if k not in msg:
                    say(f"message_start without {k}")
            m["id"], m["usage"] = msg.get("id"), dict(msg.get("usage") or {})
            continue
        if not started:
            say(f"{t} before message_start")
        i = d.get("index")
        if t == "content_block_start":
            if deltas:
                say("content_block_start after message_delta")
            if i != len(content):
                say(f"block {i} starts where {len(content)} is next")
            b = copy.deepcopy(d.get("content_block") or {})
            if b.get("type") == "tool_use" and not (b.get("id") and b.get("name") and isinstance(b.get("input"), dict)):
                say(f"tool_use block {i} starts without id, name and input")
            if b.get("type") == "thinking":
                b.setdefault("thinking", "")
            at[i] = len(content)
            content.append(b)
            opened.add(i)
            m["max_open"] = max(m["max_open"], len(opened))
        elif t == "content_block_delta":
            if i not in opened:
                say(f"delta for block {i}, which is not open")
                continue
            b, x = content[at[i]], d.get("delta") or {}
            pair = {"text_delta": "text", "input_json_delta": "tool_use", "thinking_delta": "thinking", "signature_delta": "thinking", "citations_delta": "text"}
            kind = pair.get(x.get("type"))
            if kind != b.get("type") and not (kind == "tool_use" and b.get("type") == "server_tool_use"):
                say(f"{x.get('type')} for a block of {b.get('type')}")
            if x.get("type") == "text_delta":
                b["text"] = b.get("text", "") + x.get("text", "")
            elif x.get("type") == "thinking_delta":
                b["thinking"] = b.get("thinking", "") + x.get("thinking", "")
            elif x.get("type") == "signature_delta":
                b["signature"] = (b.get("signature") or "") + x.get("signature", "")
            elif x.get("type") == "input_json_delta":
                parts[i] = parts.get(i, "") + x.get("partial_json", "")
        elif t == "content_block_stop":
            if i in stopped:
                say(f"block {i} stops twice")
            elif i not in opened:
                say(f"block {i} stops without a start")
            opened.discard(i)
            stopped.add(i)
        elif t == "message_delta":
            deltas += 1
            if opened:
                say(f"message_delta while block {sorted(opened)[0]} is open")
            if (d.get("delta") or {}).get("stop_reason"):
                m["stop"] = d["delta"]["stop_reason"]
            if "output_tokens" not in (d.get("usage") or {}):
                say("message_delta without usage.output_tokens")
            m["usage"] = {**(m["usage"] or {}), **{k: v for k, v in (d.get("usage") or {}).items() if v is not None}}
        elif t == "message_stop":
            ended += 1
            if opened:
                say("message_stop with an open block")
            if not deltas:
                say("message_stop without message_delta")
        else:
            say(f"unknown event {t}")
    if started != 1 and m["error"] is None:
        say(f"{started} times message_start")
    if ended > 1:
        say(f"{ended} times message_stop")
    if m["error"] and ended:
        say("message_stop beside an error")
    if ended and m["stop"] is None:
        say("no stop_reason")
    for i, raw in parts.items():
        if content[at[i]].get("type") == "tool_use":
            content[at[i]]["input"] = _args(raw or "{}")
    for b in content:
        if b.get("type") == "text" and not b.get("text"):
            say("an empty text block")
    m["ended"] = ended == 1 and m["error"] is None
    usage, faults = m["usage"], m["faults"]
    messages_blocks(m, content)
    m["faults"] = list(dict.fromkeys(faults))
    return m


def responses_items(m, output):
    for it in output:
        t = it.get("type")
        m["order"].append(f"tool:{it.get('name')}" if t in ("function_call", "custom_tool_call") else t)
        if t == "message":
            for c in it.get("content") or []:
                if c.get("type") == "output_text":
                    m["text"] += c.get("text") or ""
                elif c.get("type") == "refusal":
                    m["refusal"] += c.get("refusal") or ""
        elif t == "reasoning":
            m["reasoning"] += "".join(c.get("text") or "" for c in (it.get("content") or it.get("summary") or []))
        elif t == "function_call":
            if not isinstance(it.get("arguments"), str):
                m["faults"].append("arguments are not a string")
            m["tools"].append({"id": it.get("call_id"), "name": it.get("name"), "raw": it.get("arguments"), "args": _args(it.get("arguments")), "namespace": it.get("namespace")})
        elif t == "custom_tool_call":
            m["tools"].append({"id": it.get("call_id"), "name": it.get("name"), "raw": it.get("input"), "args": it.get("input"), "custom": True})
    m["echo"] = output


def responses_whole(d):
    m = blank()
    responses_items(m, d.get("output") or [])
    for k in ("id", "object", "created_at", "model", "output", "status", "tools", "tool_choice", "parallel_tool_calls"):
        if k not in d:
            m["faults"].append(f"response without {k}")
    m.update(stop=d.get("status"), usage=d.get("usage"), id=d.get("id"), ended=d.get("status") in ("completed", "incomplete"))
    if d.get("status") == "incomplete":
        m["stop"] = "incomplete:" + str((d.get("incomplete_details") or {}).get("reason"))
    if d.get("error"):
        m["error"] = d["error"]
    return m


TERMINAL = ("response.completed", "response.incomplete", "response.failed")


def responses_stream(evs):
    m = blank()
    say = m["faults"].append
    items, done_items, texts, terminal, final = {}, {}, {}, 0, None
    parts_open, part_seen = set(), set()
    number = 0
    for n, (name, data) in enumerate(evs):
        if data == "[DONE]":
            continue
        try:
            d = json.loads(data)
        except ValueError:
            say(f"event {n} is not JSON: {data[:80]}")
            continue
        m["events"].append(d)
        t = d.get("type")
        if name != t:
            say(f"event {n}: named {name} but of type {t}")
        if terminal:
            say(f"{t} after the terminal event")
        if d.get("sequence_number") != number:
            say(f"sequence_number {d.get('sequence_number')} where {number} is next")
        number = (d.get("sequence_number") if isinstance(d.get("sequence_number"), int) else number) + 1
        if n == 0 and t != "response.created" and t != "error":
            say(f"the first event is {t}")
        oi = d.get("output_index")
        if t == "error":
            m["error"] = d
        elif t in ("response.created", "response.in_progress"):
            m["id"] = (d.get("response") or {}).get("id")
        elif t in TERMINAL:
            terminal += 1
            final = d.get("response") or {}
            if t == "response.failed":
                m["error"] = final.get("error") or {"message": None}
        elif t == "response.output_item.added":
            if oi != len(items):
                say(f"item {oi} is added where {len(items)} is next")
            it = d.get("item") or {}
            if not it.get("id"):
                say(f"item {oi} has no id")
            items[oi] = it
            texts[oi] = {}
        elif t == "response.output_item.done":
            if oi not in items:
                say(f"item {oi} is done but was not added")
            if oi in done_items:
                say(f"item {oi} is done twice")
            it = d.get("item") or {}
            if items.get(oi, {}).get("id") != it.get("id"):
                say(f"item {oi} changes its id")
            done_items[oi] = it
        elif t in ("response.content_part.added", "response.reasoning_summary_part.added"):
            key = (oi, d.get("content_index", d.get("summary_index")))
            if oi not in items or oi in done_items:
                say(f"a part of item {oi}, which is not open")
            if key in part_seen:
                say(f"part {key} is added twice")
            parts_open.add(key)
            part_seen.add(key)
        elif t in ("response.content_part.done", "response.reasoning_summary_part.done"):
            key = (oi, d.get("content_index", d.get("summary_index")))
            if key not in parts_open:
                say(f"part {key} is done but not open")
            parts_open.discard(key)
        elif t.endswith(".delta"):
            if oi not in items or oi in done_items:
                say(f"{t} for item {oi}, which is not open")
            elif items[oi].get("id") != d.get("item_id"):
                say(f"{t} with another item_id")
            ci = d.get("content_index", d.get("summary_index"))
            if t in ("response.output_text.delta", "response.reasoning_summary_text.delta", "response.reasoning_text.delta", "response.refusal.delta") and (oi, ci) not in parts_open:
                if t != "response.reasoning_text.delta":
                    say(f"{t} outside a part")
            texts.setdefault(oi, {}).setdefault(ci, "")
            texts[oi][ci] += d.get("delta") or ""
        elif t.endswith(".done"):
            ci = d.get("content_index", d.get("summary_index"))
            whole = d.get("text", d.get("arguments", d.get("input", d.get("refusal"))))
            if whole is not None and texts.get(oi, {}).get(ci, "") != whole:
                say(f"{t} says {str(whole)[:60]!r}, the deltas {texts.get(oi, {}).get(ci, '')[:60]!r}")
    if terminal > 1:
        say(f"{terminal} terminal events")
    if parts_open and terminal and m["error"] is None:
        say("a part stays open")
    if m["error"] is None and set(items) != set(done_items) and terminal:
        say(f"items {sorted(set(items) - set(done_items))} are not done")
    m["ended"] = terminal == 1 and m["error"] is None
    if final is not None and m["error"] is None:
        if [i.get("id") for i in final.get("output") or []] != [done_items[k].get("id") for k in sorted(done_items)]:
            say("the final response's output is not the items that were done")
        m["usage"], m["stop"] = final.get("usage"), final.get("status")
        if final.get("status") == "incomplete":
            m["stop"] = "incomplete:" + str((final.get("incomplete_details") or {}).get("reason"))
    responses_items(m, [done_items[k] for k in sorted(done_items)])
    if not done_items:
        m["text"] = "".join(e.get("delta") or "" for e in m["events"] if e.get("type") == "response.output_text.delta")
    m["faults"] = list(dict.fromkeys(m["faults"]))
    return m


WHOLE = {"chat": chat_whole, "messages": messages_whole, "responses": responses_whole, "completions": chat_whole}
STREAM = {"chat": chat_stream, "messages": messages_stream, "responses": responses_stream, "completions": chat_stream}
PATHS = {"chat": "/v1/chat/completions", "messages": "/v1/messages", "responses": "/v1/responses", "completions": "/v1/completions", "embeddings": "/v1/embeddings"}


# ------------------------------------------------------------------ a request to the service
class Answer:
    def __init__(self):
        self.status, self.headers, self.raw, self.seconds, self.fault, self.first_at = 0, [], b"", 0.0, None, None

    def header(self, name):
        return ", ".join(v for k, v in self.headers if k.lower() == name) or None

    def all(self, name):
        return [v for k, v in self.headers if k.lower() == name]

    def json(self):
        try:
            return json.loads(self.raw)
        except ValueError:
            return None


def ask(url, method, path, headers=(), body=None, timeout=20, leave=None):
    """headers: pairs, repeats allowed. leave: closes after so many bytes of the answer."""
    a = Answer()
    host, port = url.split("//")[1].split(":")
    c = http.client.HTTPConnection(host, int(port), timeout=timeout)
    t0 = time.time()
    try:
        names = {k.lower() for k, _ in headers}
        c.putrequest(method, path, skip_host="host" in names, skip_accept_encoding=True)
        for k, v in headers:
            c.putheader(k, v)
        if body is not None and "content-length" not in names:
            c.putheader("content-length", str(len(body)))
        c.endheaders(body)
        r = c.getresponse()
        a.status, a.headers = r.status, r.getheaders()
        while True:
            if time.time() - t0 > timeout:
                a.fault = f"not ended after {timeout} s"
                break
            piece = r.read1(65536)
            if not piece:
                break
            a.first_at = a.first_at or time.time() - t0
            a.raw += piece
            if leave and len(a.raw) >= leave:
                break
    except http.client.IncompleteRead as e:
        a.raw += e.partial
        a.fault = "the connection was cut"
    except (OSError, http.client.HTTPException) as e:
        a.fault = f"{type(e).__name__}: {e}"
    finally:
        c.close()
    a.seconds = time.time() - t0
    return a


# ------------------------------------------------------------------ one case
class Runner:
    def __init__(self, url, key, upstream, tag, admin=None, log=None, code=None):
        self.url, self.key, self.up, self.tag, self.admin, self.log, self.code = url, key, upstream, tag, admin, log, code

    def api(self, method, path, body=None):
        h = [("authorization", "Bearer " + self.key), ("content-type", "application/json")]
        return ask(self.url, method, path, h, None if body is None else json.dumps(body).encode(), 60)

    def name(self, case, n):
        return f"{self.tag}-{case['id']}-{n}"

    def prepare(self, case):
        targets = case.get("targets", [{}])
        if not targets:
            return
        for n, t in enumerate(targets):
            name = self.name(case, n)
            self.up.script(name, t)
            body = {"name": name, "kind": t.get("kind", "openai"), "base_url": t.get("base_url") or f"http://127.0.0.1:{self.up.port}/{name}/v1", "api_key": "sk-upstream-" + name, "is_local": False,
                    "enabled": True, "max_concurrency": case.get("concurrency", 1), "connect_timeout": 3, "first_event_timeout": 8, "idle_timeout": 8, "total_timeout": 15, **t.get("provider", {})}
            a = self.api("POST", "/api/governance/providers", body)
            if a.status not in (200, 201):
                raise SystemExit(f"provider {name}: {a.status} {a.raw[:300]}")
        profile = {"name": f"{self.tag}-{case['id']}", "virtual_provider": f"{self.tag}-{case['id']}", "enabled": True, "strategy": "ordered_failover", "local_fallback": "never",
                   "targets": [{"provider": self.name(case, n), "virtual_model": "*", "model": t.get("model", "m"), "priority": n, "enabled": True, **t.get("target", {})} for n, t in enumerate(targets)], **case.get("profile", {})}
        a = self.api("POST", "/api/governance/routing-profiles", profile)
        if a.status not in (200, 201):
            raise SystemExit(f"profile {case['id']}: {a.status} {a.raw[:300]}")

    def fill(self, x, case):
        if isinstance(x, str):
            return x.replace("$model", f"{self.tag}-{case['id']}/m").replace("$key", self.key).replace("$name", f"{self.tag}-{case['id']}")
        if isinstance(x, list):
            return [self.fill(y, case) for y in x]
        if isinstance(x, dict):
            return {k: self.fill(y, case) for k, y in x.items()}
        return x

    def run(self, case):
        """[] or what differs, and the account of what was received."""
        if callable(case.get("run")):
            account = {}
            try:
                return case["run"](self, case, account), account
            except Exception as e:
                return [f"the check itself failed: {type(e).__name__}: {e}"], account
        diffs, account, body, msg, proto = [], {"steps": []}, None, None, None
        for n, step in enumerate(case.get("steps") or [case]):
            step = self.fill({k: step[k] for k in ("ask", "continue", "expect", "method", "path", "headers", "raw_body", "encode", "leave", "wait") if k in step}, case)
            proto = step.get("ask", {}).get("protocol") or proto
            if step.get("wait"):
                time.sleep(step["wait"])
            if "continue" in step:
                body = follow(proto, body, msg, step["continue"])
            elif "ask" in step:
                body = copy.deepcopy(step["ask"].get("body"))
            want = step.get("expect", {})
            a, msg = self.send(case, step, proto, body)
            d = self.judge(case, want, a, msg, proto, body)
            diffs += [f"turn {n + 1}: {x}" if len(case.get("steps") or []) > 1 else x for x in d]
            account["steps"].append({"status": a.status, "headers": {k.lower(): v for k, v in a.headers if k.lower().startswith("x-") or k.lower() in ("retry-after", "content-type")},
                                     "raw": a.raw[:200000].decode("utf-8", "replace"), "seconds": round(a.seconds, 2), "asked": body})
            if a.status >= 400 or (msg and msg["error"]) or a.fault:
                if n + 1 < len(case.get("steps") or []):
                    diffs.append(f"turn {n + 1} has no answer, the next was not asked")
                break
        account["upstream"] = {str(k): [{"path": s["path"], "body": s["body"], "refused": s["refused"], "headers": s["headers"]} for s in self.up.seen[self.name(case, k)]] for k in range(len(case.get("targets", [{}])))}
        if case.get("probe", True):
            diffs += self.probe(case)
        return diffs, account

    def send(self, case, step, proto, body):
        a_ask = step.get("ask", {})
        path = a_ask.get("path") or step.get("path") or PATHS[proto]
        method = a_ask.get("method", "POST")
        headers = [tuple(h) for h in a_ask.get("headers", [])]
        names = {k.lower() for k, _ in headers}
        if "authorization" not in names and "x-api-key" not in names and not a_ask.get("keyless"):
            headers.append(("x-api-key", self.key) if proto == "messages" else ("authorization", "Bearer " + self.key))
        if proto == "messages" and "anthropic-version" not in names:
            headers.append(("anthropic-version", "2023-06-01"))
        data = None
        if body is not None:
            data = body.encode() if isinstance(body, str) else json.dumps(body, ensure_ascii=False).encode()
            if "content-type" not in names:
                headers.append(("content-type", "application/json"))
        if a_ask.get("raw_b64"):
            data = base64.b64decode(a_ask["raw_b64"])
        enc = a_ask.get("encode")
        if enc and data is not None:
            data = encode(data, enc)
            headers.append(("content-encoding", a_ask.get("encoding_name", enc)))
        a = ask(self.url, method, path, headers, data, case.get("timeout", 20), a_ask.get("leave"))
        msg = None
        if a.status == 200 and proto in WHOLE:
            if "text/event-stream" in (a.header("content-type") or ""):
                msg = STREAM[proto](events_of(a.raw))
                if isinstance(body, dict) and not body.get("stream"):
                    msg["faults"].append("a stream where none was asked for")
            else:
                d = a.json()
                if isinstance(d, dict):
                    msg = WHOLE[proto](d)
                    if isinstance(body, dict) and body.get("stream"):
                        msg["faults"].append("a whole answer where a stream was asked for")
                elif path == PATHS[proto]:
                    msg = blank()
                    msg["faults"].append("the answer is not JSON")
        return a, msg

    def judge(self, case, want, a, msg, proto, body):
        d = []
        if a.fault:
            d.append(a.fault)
        status = want.get("status", 200)
        if a.status not in (status if isinstance(status, list) else [status]):
            d.append(f"status {a.status}, not {status}: {a.raw[:300].decode('utf-8', 'replace')}")
        if a.status >= 500 and b"internal_error" in a.raw:
            d.append("CRASH: internal_error")
        if a.status >= 400 and proto and (a.header("content-type") or "").split(";")[0] != "application/json" and not want.get("any_body"):
            d.append(f"the error is {a.header('content-type')}")
        for k, v in want.get("headers", {}).items():
            got = a.header(k)
            if (v is None and got is not None) or (v is not None and (got is None or not re.search(v, got))):
                d.append(f"header {k}: {got!r}, not {v!r}")
        if want.get("body") is not None:
            doc = a.json()
            d += [x for x in (check(doc, c) for c in want["body"]) if x]
        e = want.get("error")
        if e is not None:
            doc = a.json() if a.status >= 400 else None
            err = (doc or {}).get("error") if isinstance(doc, dict) else None
            if a.status == 200 and msg is not None:
                err = msg["error"]
            if not isinstance(err, dict):
                d.append(f"no error object: {a.raw[:200].decode('utf-8', 'replace')}")
            else:
                text = str(err.get("message"))
                if "re" in e and not re.search(e["re"], text):
                    d.append(f"error message {text!r} lacks /{e['re']}/")
                if "nre" in e and re.search(e["nre"], text):
                    d.append(f"error message {text!r} shows /{e['nre']}/")
                d += [f"error.{x}" for x in (check(err, c) for c in e.get("checks", [])) if x]
        if msg is not None and a.status == 200:
            m = msg
            if e is None:
                if m["error"]:
                    d.append(f"error in the answer: {json.dumps(m['error'])[:300]}")
                if not m["ended"] and "leave" not in want:
                    d.append("no regular end")
            if "text" in want and m["text"] != want["text"]:
                d.append(f"text {m['text']!r}, not {want['text']!r}")
            if "text_re" in want and not re.search(want["text_re"], m["text"], re.S):
                d.append(f"text {m['text']!r} lacks /{want['text_re']}/")
            if "prefix_of" in want and not want["prefix_of"].startswith(m["text"]):
                d.append(f"text {m['text']!r} is not the beginning of {want['prefix_of']!r}")
            if "reasoning" in want and m["reasoning"] != want["reasoning"]:
                d.append(f"reasoning {m['reasoning']!r}, not {want['reasoning']!r}")
            if "tools" in want:
                got = [{k: t.get(k) for k in w} for t, w in zip(m["tools"], want["tools"])]
                if len(m["tools"]) != len(want["tools"]) or got != want["tools"]:
                    d.append(f"tools {json.dumps([{k: t.get(k) for k in ('id', 'name', 'args')} for t in m['tools']])}, not {json.dumps(want['tools'])}")
                if len({t["id"] for t in m["tools"]}) != len(m["tools"]) or not all(t["id"] for t in m["tools"]):
                    d.append(f"tool call ids {[t['id'] for t in m['tools']]} are not distinct")
            if "stop" in want and m["stop"] not in (want["stop"] if isinstance(want["stop"], list) else [want["stop"]]):
                d.append(f"stop {m['stop']!r}, not {want['stop']!r}")
            if "order" in want and m["order"] != want["order"]:
                d.append(f"order {m['order']}, not {want['order']}")
            for c in want.get("usage", []):
                x = check(m["usage"], c)
                if x:
                    d.append(f"usage {x}")
            for c in want.get("events", []):
                x = check(m["events"], c)
                if x:
                    d.append(f"events {x}")
            for c in want.get("message", []):
                x = check(m["echo"], c)
                if x:
                    d.append(f"message {x}")
            if want.get("one_open") and m["max_open"] > 1:
                d.append(f"{m['max_open']} blocks are open at once")
            d += [f"not valid: {f}" for f in m["faults"] if not any(re.search(p, f) for p in want.get("allow", []))]
        if "hits" in want:
            got = [len(self.up.seen[self.name(case, n)]) for n in range(len(case.get("targets", [{}])))]
            for g, w in zip(got, want["hits"]):
                if not (g in w if isinstance(w, list) else g == w):
                    d.append(f"targets were asked {got} times, not {want['hits']}")
                    break
        for u in want.get("upstream", []):
            seen = self.up.seen[self.name(case, u.get("target", 0))]
            if u.get("accepted"):
                seen = [s for s in seen if not s["refused"]]
            if not seen:
                d.append(f"target {u.get('target', 0)} got no request" + (" it accepts" if u.get("accepted") else ""))
                continue
            s = seen[u.get("n", -1)]
            d += [f"upstream {x}" for x in (check(merged(s["body"]), c) for c in u.get("checks", [])) if x]
            if u.get("path") and not re.search(u["path"], s["path"]):
                d.append(f"upstream path {s['path']}, not {u['path']}")
            for k, v in u.get("headers", {}).items():
                got = [y for x, y in s["headers"] if x == k]
                joined = ", ".join(got)
                if (v is None and got) or (v is not None and (not got or not re.search(v, joined))):
                    d.append(f"upstream header {k}: {joined or None!r}, not {v!r}")
            if u.get("one_of"):
                if not any(holds(s["body"], alt) for alt in u["one_of"]):
                    d.append(f"upstream body has none of the allowed shapes: {json.dumps(s['body'])[:500]}")
        if "refused" in want:
            n = sum(bool(s["refused"]) for k in range(len(case.get("targets", [{}]))) for s in self.up.seen[self.name(case, k)])
            if n > want["refused"]:
                d.append(f"the upstream refused {n} requests")
        if a.seconds > want.get("seconds", 15):
            d.append(f"took {a.seconds:.1f} s")
        if want.get("record"):
            d += self.record(a, want["record"])
        return d

    def record(self, a, checks):
        rid = a.header("x-request-id")
        if not rid:
            return ["no x-request-id, so no record"]
        end = time.time() + 6
        while time.time() < end:
            r = self.api("GET", f"/api/governance/interactions/{rid}")
            if r.status == 200:
                doc = r.json()
                return [f"record {x}" for x in (check(doc.get("interaction", doc), c) for c in checks) if x]
            time.sleep(0.3)
        return [f"no record of {rid}"]

    def probe(self, case):
        """Every slot must be free again: each provider takes one request at a time."""
        out = []
        for n, t in enumerate(case.get("targets", [{}])):
            if t.get("base_url"):
                continue
            body = {"model": f"{self.name(case, n)}/m", "max_tokens": 5, "messages": [{"role": "user", "content": "SLOT-PROBE"}]}
            end = time.time() + 3
            while True:
                a = ask(self.url, "POST", "/v1/chat/completions", [("authorization", "Bearer " + self.key), ("content-type", "application/json")], json.dumps(body).encode(), 10)
                if a.status == 200 or time.time() > end:
                    break
                time.sleep(0.2)
            if a.status != 200:
                out.append(f"LEAK? after the case target {n} answers {a.status}: {a.raw[:160].decode('utf-8', 'replace')}")
        return out


def merged(body):
    """With `merged`: the messages as Anthropic reads them, neighbours of one role combined."""
    if not isinstance(body, dict) or not isinstance(body.get("messages"), list):
        return body
    out = []
    for m in body["messages"]:
        c = m.get("content")
        c = [{"type": "text", "text": c}] if isinstance(c, str) else list(c or [])
        if out and out[-1]["role"] == m.get("role"):
            out[-1]["content"] += c
        else:
            out.append({"role": m.get("role"), "content": c})
    return {**body, "merged": out}


def encode(data, how):
    if how == "gzip":
        return gzip.compress(data)
    if how == "deflate":
        return zlib.compress(data)
    if how == "raw-deflate":
        c = zlib.compressobj(wbits=-15)
        return c.compress(data) + c.flush()
    if how == "zstd":
        return zstd_store(data)
    raise ValueError(how)


def zstd_store(data):
    """A Zstandard frame (RFC 8878) of raw blocks: valid for every decoder, and needs no encoder here."""
    out = b"\x28\xb5\x2f\xfd" + bytes([0b11100000]) + len(data).to_bytes(8, "little")
    blocks = [data[i:i + 65536] for i in range(0, len(data), 65536)] or [b""]
    for n, b in enumerate(blocks):
        out += ((len(b) << 3) | (n == len(blocks) - 1)).to_bytes(3, "little") + b
    return out


def follow(proto, body, msg, how):
    """The next turn as an agent would send it: the answer as it came, results for its calls, and perhaps a word more."""
    body = copy.deepcopy(body)
    results = [(t["id"], t.get("custom")) for t in msg["tools"]]
    said = how.get("results", "done")
    if proto == "chat":
        echo = {k: v for k, v in copy.deepcopy(msg["echo"]).items() if v is not None or k == "content"}
        body["messages"] += [echo] + [{"role": "tool", "tool_call_id": i, "content": said} for i, _ in results]
        if how.get("user"):
            body["messages"].append({"role": "user", "content": how["user"]})
    elif proto == "messages":
        back = [{"type": "tool_result", "tool_use_id": i, "content": said} for i, _ in results]
        if how.get("user"):
            back.append({"type": "text", "text": how["user"]})
        body["messages"] += [{"role": "assistant", "content": copy.deepcopy(msg["echo"])}, {"role": "user", "content": back}]
    else:
        if isinstance(body["input"], str):
            body["input"] = [{"role": "user", "content": body["input"]}]
        body["input"] += copy.deepcopy(msg["echo"]) + [{"type": "custom_tool_call_output" if c else "function_call_output", "call_id": i, "output": said} for i, c in results]
        if how.get("user"):
            body["input"].append({"role": "user", "content": how["user"]})
    body.update(how.get("set", {}))
    return body


# ------------------------------------------------------------------ the service
def free_port():
    s = socket.socket()
    s.bind(("127.0.0.1", 0))
    p = s.getsockname()[1]
    s.close()
    return p


class Service:
    def __init__(self, code, port):
        self.data = tempfile.mkdtemp(prefix="wild-")
        self.log = self.data + "/server.log"
        env = {**os.environ, "POINTSMAN_DATA_DIR": self.data + "/data", "POINTSMAN_ENABLE_CLOUD_ROUTING": "true", "POINTSMAN_CORS_ORIGINS": "http://app.example"}
        self.p = subprocess.Popen([code + "/.venv/bin/python" if os.path.exists(code + "/.venv/bin/python") else sys.executable, "manage.py", "up", "--port", str(port), "--no-model"], cwd=code, env=env, stdout=open(self.log, "wb"), stderr=subprocess.STDOUT, start_new_session=True)
        self.url, end = f"http://127.0.0.1:{port}", time.time() + 90
        while True:
            text = open(self.log, errors="replace").read()
            found = re.search(r"\bpm-[A-Za-z0-9_-]{20,}", text)
            if found and ask(self.url, "GET", "/livez", timeout=3).status == 200:
                break
            if self.p.poll() is not None or time.time() > end:
                raise SystemExit("the service did not start: " + text[-600:])
            time.sleep(0.2)
        self.key = found[0]
        pw = re.search(r"user (\S+), password (\S+)", text)
        self.admin = pw.groups() if pw else None

    def stop(self):
        if self.p.poll() is None:
            os.killpg(self.p.pid, signal.SIGINT)
            try:
                self.p.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(self.p.pid, signal.SIGKILL)
                self.p.wait()
        shutil.rmtree(self.data, ignore_errors=True)


def load(words):
    cases = []
    for f in sorted(glob.glob(HERE + "/cases/*.json")):
        cases += json.load(open(f))
    for f in sorted(glob.glob(HERE + "/cases/*.py")):
        spec = importlib.util.spec_from_file_location("wild_" + os.path.basename(f)[:-3], f)
        mod = importlib.util.module_from_spec(spec)
        sys.modules["wildrun"] = sys.modules[__name__]
        spec.loader.exec_module(mod)
        cases += mod.CASES
    seen = set()
    for c in cases:
        if c["id"] in seen:
            raise SystemExit(f"two cases are called {c['id']}")
        seen.add(c["id"])
    if words:
        cases = [c for c in cases if any(w[1:] in (c["id"], c["kind"]) if w[0] == "=" else w in c["id"] or w in c["kind"] or w in c["title"] for w in words)]
    return sorted(cases, key=lambda c: (int(re.match(r"\d+", c["id"])[0]), c["id"]))


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("words", nargs="*")
    for o in ("--url", "--key", "--log", "--json", "--admin"):
        p.add_argument(o)
    p.add_argument("--code", default=".")
    p.add_argument("--port", type=int, default=0)
    p.add_argument("-v", action="store_true")
    p.add_argument("--list", action="store_true")
    p.add_argument("-j", type=int, default=3)
    o = p.parse_args()
    cases = load(o.words)
    if o.list:
        for c in cases:
            print(f"{c['id']:8} v{c['variant']} {c['kind']:34} {c['title']}")
        print(f"{len(cases)} cases, {len({c['kind'] for c in cases})} kinds")
        return 0
    service = None
    if o.url:
        url, key, log, admin = o.url, o.key, o.log, tuple(o.admin.split(":", 1)) if o.admin else None
    else:
        service = Service(o.code, o.port or free_port())
        url, key, log, admin = service.url, service.key, service.log, service.admin
    up = Upstream()
    r = Runner(url, key, up, "w" + format(int(time.time()) % 0xFFFFFF, "x"), admin, log, o.code)
    log_from = os.path.getsize(log) if log else 0
    try:
        plain = [c for c in cases if "run" not in c or c.get("targets")]
        for c in plain:
            r.prepare(c)
        time.sleep(2.0)
        verdicts, t0 = [], time.time()
        with concurrent.futures.ThreadPoolExecutor(o.j) as pool:
            jobs = [(c, pool.submit(r.run, c)) for c in cases if not c.get("alone")]
            for c, j in jobs:
                verdicts.append((c, *j.result()))
                say(*verdicts[-1][:2], o.v)
        for c in cases:
            if c.get("alone"):
                verdicts.append((c, *r.run(c)))
                say(*verdicts[-1][:2], o.v)
        # What is under way is told every now and then: a leak is what does not go away.
        left, until = True, time.time() + 15
        while left and time.time() < until:
            time.sleep(0.5)
            m = r.api("GET", "/metrics").raw.decode("utf-8", "replace")
            flight = re.search(r"pointsman_requests_in_flight ([\d.]+)", m)
            left = flight and float(flight[1]) != 0
        crashes = []
        if log:
            with open(log, errors="replace") as f:
                f.seek(log_from)
                text = f.read()
            crashes = [l for l in text.splitlines() if re.search(r"Traceback|attempt_crashed|crashed|level.:.(error|critical)|\[error", l)]
    finally:
        if service:
            service.stop()
    bad = [v for v in verdicts if v[1]]
    kinds = {}
    for c, d, _ in verdicts:
        k = kinds.setdefault(c["kind"], [0, 0])
        k[bool(d)] += 1
    print()
    for k, (good, wrong) in sorted(kinds.items(), key=lambda x: (-x[1][1], x[0])):
        print(f"{'FAIL' if wrong else 'pass'} {k:38} {good} of {good + wrong} hold")
    if left:
        print(f"LEAK: pointsman_requests_in_flight is {flight[1]} at the end")
    for l in crashes[:20]:
        print("LOG:", l[:300])
    print(f"{len(verdicts) - len(bad)} of {len(verdicts)} cases hold, {sum(1 for k in kinds.values() if not k[1])} of {len(kinds)} kinds; {time.time() - t0:.0f} s"
          + (f"; {len(crashes)} error lines in the log" if log else ""))
    if o.json:
        json.dump([{"id": c["id"], "kind": c["kind"], "variant": c["variant"], "title": c["title"], "sources": c.get("sources"), "debatable": c.get("debatable"), "right": c.get("right"), "diffs": d, "account": a}
                   for c, d, a in verdicts], open(o.json, "w"), indent=1, default=repr)
        if crashes:
            open(o.json + ".log", "w").write(text)
    return bool(bad or left)


def say(c, d, full=False):
    mark = " (debatable)" if c.get("debatable") else ""
    text = "; ".join(d)
    print(f"{'FAIL' if d else 'PASS'} {c['id']} [{c['kind']} v{c['variant']}]{mark} {c['title']}" + (f" -> {text if full else text[:260]}" if d else ""), flush=True)


if __name__ == "__main__":
    sys.exit(main())
