"""Variants of the cases: answers of many steps in odd forms, cut at odd places, made by chance.

`WILD_VARIANTS` says how many (0: none), `WILD_SEED` which ones. Each is a case as any other: an answer
is drawn as a list of parts (thinking, text, calls), said in the dialect of a provider with the oddities
that providers have, and asked for by a caller of each protocol, whole and streamed; then the agent sends
the results of its calls, and a strict upstream must take what comes of that.
"""
import json
import os
import random

COUNT, SEED = int(os.environ.get("WILD_VARIANTS", 0)), int(os.environ.get("WILD_SEED", 1))
WORDS = ["plain", "ünïcödé", "line\nbreak", "tab\there", "quote \" and \\", "\u2028separator", "😀 emoji", "{\"json\": true}", "data: x", "[DONE]", "  spaces  ", "<tag>", "漢字"]
TOOLS = ["get_weather", "run-command", "Read"]


def text(r):
    said = " ".join(r.choice(WORDS) for _ in range(r.randint(1, 6)))
    return said if said.strip() else "x"


def arguments(r):
    if r.random() < 0.15:
        return {}
    return {r.choice(["city", "path", "cmd"]): r.choice([text(r), 7, 1.5, True, None, ["a", {"b": text(r)}], {"deep": {"er": text(r)}}]) for _ in range(r.randint(1, 3))}


def parts_of(r):
    """Thinking, text and calls in an order that a model may choose."""
    shape = r.choice(["t", "T", "tT", "tTc", "tc", "c", "cc", "Tcc", "tTccc", "tctT", "tTtTc", "TcT", "tct c".replace(" ", "")])
    out, calls = [], 0
    for kind in shape:
        if kind == "t":
            out.append({"k": "think", "text": text(r)})
        elif kind == "T":
            out.append({"k": "text", "text": text(r)})
        else:
            calls += 1
            out.append({"k": "call", "id": f"call_{calls}{r.randint(0, 99999):05}", "name": r.choice(TOOLS), "args": arguments(r)})
    if all(p["k"] == "think" for p in out):
        out.append({"k": "text", "text": text(r)})
    return out


def pieces(r, s):
    if not s:
        return [s]
    out = []
    while s:
        n = r.choice([1, 2, 3, 5, 9, 40])
        out.append(s[:n])
        s = s[n:]
    return out


# ------------------------------------------------------------------ dialects
def openai_sse(r, parts, usage, odd):
    """Chunks of chat completions. Calls come in order; thinking has a member of its own."""
    member = r.choice(["reasoning_content", "reasoning"])
    whole_calls = r.random() < 0.3
    every_usage = "usage-everywhere" in odd
    out, index = [], 0
    u = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}

    def ch(d, f=None, **more):
        c = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [{"index": 0, "delta": d, "finish_reason": f}], **more}
        if "logprobs-null" in odd:
            c["choices"][0]["logprobs"] = None
        if "usage-null" in odd and "usage" not in c:
            c["usage"] = None
        if every_usage:
            c["usage"] = u
        if "extras" in odd:
            c["system_fingerprint"], c["service_tier"], c["x_groq"] = None, "default", {"id": "req_1"}
        return c
    if "azure-first" in odd:
        out.append({"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": []})
    out.append(ch({"role": "assistant", "content": r.choice(["", None])}))
    for p in parts:
        if p["k"] == "think":
            out += [ch({member: x} if r.random() < 0.7 else {member: x, "content": None}) for x in pieces(r, p["text"])]
        elif p["k"] == "text":
            for x in pieces(r, p["text"]):
                d = {"content": x}
                if "role-always" in odd:
                    d["role"] = "assistant"
                if "tool-calls-null" in odd:
                    d["tool_calls"] = r.choice([None, []])
                out.append(ch(d))
        else:
            raw = json.dumps(p["args"], ensure_ascii=r.random() < 0.5)
            first = {"index": index, "id": p["id"], "type": "function", "function": {"name": p["name"], "arguments": ""}}
            if "no-type" in odd:
                del first["type"]
            if whole_calls:
                first["function"]["arguments"] = raw
                out.append(ch({"tool_calls": [first]}))
            else:
                if "args-null-first" in odd:
                    first["function"]["arguments"] = None
                out.append(ch({"tool_calls": [first]}))
                for x in pieces(r, raw):
                    more = {"index": index, "function": {"arguments": x}}
                    if "id-repeated" in odd:
                        more["id"] = p["id"]
                    if "id-empty" in odd:
                        more["id"], more["function"]["name"] = "", ""
                    if "id-null" in odd:
                        more["id"], more["type"], more["function"]["name"] = None, None, None
                    out.append(ch({"tool_calls": [more]}))
            index += 1
    stop = "length" if "length" in odd else "tool_calls" if index else "stop"
    if "stop-despite-calls" in odd:
        stop = "stop"
    if "finish-with-last" in odd and not index:
        out[-1]["choices"][0]["finish_reason"] = stop
    elif "finish-no-delta" in odd:
        c = ch({}, stop)
        del c["choices"][0]["delta"]
        out.append(c)
    else:
        out.append(ch(r.choice([{}, {"content": ""}, {"content": None}]), stop))
    if "usage-with-finish" in odd:
        out[-1]["usage"] = u
    elif "usage-choices-null" in odd:
        c = ch({}, usage=u)
        c["choices"] = None
        out.append(c)
    else:
        out.append({**ch({}), "choices": [], "usage": u})
    return out


def openai_whole(r, parts, usage, odd):
    calls = [p for p in parts if p["k"] == "call"]
    said = "".join(p["text"] for p in parts if p["k"] == "text")
    thought = "".join(p["text"] for p in parts if p["k"] == "think")
    m = {"role": "assistant", "content": said or r.choice([None, ""])}
    if thought:
        m[r.choice(["reasoning_content", "reasoning"])] = thought
    if calls:
        m["tool_calls"] = [{"id": p["id"], "type": "function", "function": {"name": p["name"], "arguments": json.dumps(p["args"])}} for p in calls]
        if "no-type" in odd:
            for c in m["tool_calls"]:
                del c["type"]
    elif "tool-calls-null" in odd:
        m["tool_calls"] = r.choice([None, []])
    stop = "length" if "length" in odd else "stop" if "stop-despite-calls" in odd or not calls else "tool_calls"
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m", "choices": [{"index": 0, "message": m, "finish_reason": stop}],
            "usage": {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}}


def anthropic_block(p, n):
    if p["k"] == "think":
        return {"type": "thinking", "thinking": p["text"], "signature": f"ANT-{n}"}
    if p["k"] == "text":
        return {"type": "text", "text": p["text"]}
    return {"type": "tool_use", "id": p["id"].replace("call_", "toolu_"), "name": p["name"], "input": p["args"]}


def anthropic_sse(r, parts, usage, odd):
    late = "usage-late" in odd
    msg = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], "stop_reason": None, "stop_sequence": None, "usage": {"input_tokens": 0 if late else usage[0], "output_tokens": 1}}
    out = [{"type": "message_start", "message": msg}]

    def ping():
        if "pings" in odd and r.random() < 0.3:
            out.append({"type": "ping"})
        if "unknown-events" in odd and r.random() < 0.2:
            out.append({"type": "something_new", "detail": {"x": 1}})
    for n, p in enumerate(parts):
        b = anthropic_block(p, n)
        ping()
        if b["type"] == "thinking":
            start, ds = {"type": "thinking", "thinking": ""}, [{"type": "thinking_delta", "thinking": x} for x in pieces(r, b["thinking"])] + [{"type": "signature_delta", "signature": b["signature"]}]
            start["signature"] = "" if r.random() < 0.7 else None
        elif b["type"] == "text":
            if "text-in-start" in odd:
                start, ds = {"type": "text", "text": b["text"][:2]}, [{"type": "text_delta", "text": x} for x in pieces(r, b["text"][2:])]
            else:
                start, ds = {"type": "text", "text": ""}, [{"type": "text_delta", "text": x} for x in pieces(r, b["text"])]
        elif "input-in-start" in odd:
            start, ds = b, []
        else:
            raw = json.dumps(b["input"])
            start, ds = {**b, "input": {}}, [{"type": "input_json_delta", "partial_json": x} for x in ["", *pieces(r, raw)]]
            if not b["input"] and r.random() < 0.5:
                ds = []
        out.append({"type": "content_block_start", "index": n, "content_block": start})
        for d in ds:
            out.append({"type": "content_block_delta", "index": n, "delta": d})
            ping()
        out.append({"type": "content_block_stop", "index": n})
    stop = "max_tokens" if "length" in odd else "tool_use" if any(p["k"] == "call" for p in parts) else "end_turn"
    u = {"output_tokens": usage[1]}
    if late:
        u["input_tokens"] = usage[0]
    if "usage-nulls" in odd:
        u.update(cache_creation_input_tokens=None, cache_read_input_tokens=None, server_tool_use=None)
    delta = {"stop_reason": stop, "stop_sequence": None}
    if "no-stop-sequence" in odd:
        del delta["stop_sequence"]
    out += [{"type": "message_delta", "delta": delta, "usage": u}, {"type": "message_stop"}]
    return out


def anthropic_whole(r, parts, usage, odd):
    stop = "max_tokens" if "length" in odd else "tool_use" if any(p["k"] == "call" for p in parts) else "end_turn"
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [anthropic_block(p, n) for n, p in enumerate(parts)], "stop_reason": stop, "stop_sequence": None,
            "usage": {"input_tokens": usage[0], "output_tokens": usage[1]}}


def gemini_part(p, odd):
    if p["k"] == "think":
        return {"text": p["text"], "thought": True}
    if p["k"] == "text":
        return {"text": p["text"]}
    call = {"functionCall": {"name": p["name"], "args": p["args"]}}
    if "signatures" in odd:
        call["thoughtSignature"] = "c2ln"
    if "call-ids" in odd:
        call["functionCall"]["id"] = p["id"]
    return call


def gemini_sse(r, parts, usage, odd):
    u = {"promptTokenCount": usage[0], "candidatesTokenCount": usage[1], "totalTokenCount": sum(usage)}
    out = []

    def ch(ps, **more):
        return {"candidates": [{"content": {"role": "model", "parts": ps}, "index": 0, **more}], "modelVersion": "m", "responseId": "r1", **({"usageMetadata": u} if "usage-everywhere" in odd else {})}
    for p in parts:
        if p["k"] == "call":
            out.append(ch([gemini_part(p, odd)]))
        else:
            out += [ch([{**gemini_part(p, odd), "text": x}]) for x in pieces(r, p["text"])]
        if "empty-parts" in odd:
            out.append(ch(r.choice([[], [{"text": ""}]])))
    if "finish-alone" in odd:
        last = {"candidates": [{"finishReason": "MAX_TOKENS" if "length" in odd else "STOP", "index": 0}], "modelVersion": "m"}
    else:
        last = ch([{"text": ""}], finishReason="MAX_TOKENS" if "length" in odd else "STOP")
    out.append({**last, "usageMetadata": u})
    return out


def gemini_whole(r, parts, usage, odd):
    return {"candidates": [{"content": {"role": "model", "parts": [gemini_part(p, odd) for p in parts]}, "index": 0, "finishReason": "MAX_TOKENS" if "length" in odd else "STOP"}], "modelVersion": "m", "responseId": "r1",
            "usageMetadata": {"promptTokenCount": usage[0], "candidatesTokenCount": usage[1], "totalTokenCount": sum(usage)}}


DIALECTS = {
    "openai": (openai_sse, openai_whole, ["usage-everywhere", "logprobs-null", "usage-null", "extras", "azure-first", "role-always", "tool-calls-null", "no-type", "args-null-first", "id-repeated", "id-empty",
                                          "id-null", "stop-despite-calls", "finish-with-last", "finish-no-delta", "usage-with-finish", "usage-choices-null", "length", "other-form"]),
    "anthropic": (anthropic_sse, anthropic_whole, ["usage-late", "pings", "unknown-events", "text-in-start", "input-in-start", "usage-nulls", "no-stop-sequence", "length", "other-form"]),
    "gemini": (gemini_sse, gemini_whole, ["signatures", "call-ids", "usage-everywhere", "empty-parts", "finish-alone", "length"]),
}
ERRORS = {
    "openai": [{"error": {"message": "The server had an error", "type": "server_error", "code": None}}, {"error": {"message": "Rate limit reached, try again in 2s", "type": "tokens", "code": "rate_limit_exceeded"}},
               {"error": "plain words"}, {"error": {"message": "boom", "code": 500}}, {"object": "error", "message": "vllm style", "code": 500}],
    "anthropic": [{"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, {"type": "error", "error": {"type": "api_error", "message": "Internal server error"}}],
    "gemini": [{"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}, {"error": {"code": 500, "message": "boom", "status": "INTERNAL"}}],
}


def tool(proto, name):
    schema = {"type": "object", "properties": {"city": {"type": "string"}, "path": {}, "cmd": {}}}
    if proto == "chat":
        return {"type": "function", "function": {"name": name, "parameters": schema}}
    if proto == "messages":
        return {"name": name, "input_schema": schema}
    return {"type": "function", "name": name, "parameters": schema}


def ask(r, proto, stream, thinks):
    body = {"model": "$model", "tools": [tool(proto, n) for n in TOOLS], "stream": stream}
    if proto == "responses":
        body["input"], body["store"] = "hello", False
    else:
        body["messages"] = [{"role": "user", "content": "hello"}]
    if proto == "messages":
        body["max_tokens"] = 4000
        if thinks:
            body["thinking"] = {"type": "enabled", "budget_tokens": 1500}
    if proto == "chat" and stream:
        body["stream_options"] = {"include_usage": True}
    return body


def framed(r, dialect, events):
    """How the events are written down: newlines, comments, sizes of what arrives."""
    reply = {"sse": events, "named": dialect == "anthropic", "done": dialect == "openai", "gap": 0}
    if r.random() < 0.3:
        reply["newline"] = "\r\n"
    if r.random() < 0.4:
        reply["split"] = r.choice([1, 2, 3, 7, 13, 64, 1000])
    if r.random() < 0.3:
        at = r.randrange(len(events))
        nl = reply.get("newline", "\n")
        reply["sse"] = [*events[:at], {"$raw": f": keep-alive{nl}{nl}"}, *events[at:]]
    return reply


def blob(reply):
    nl = reply.get("newline", "\n")
    out = []
    for e in reply["sse"]:
        if "$raw" in e:
            out.append(e["$raw"].encode())
            continue
        head = f"event: {e['type']}{nl}" if reply.get("named") else ""
        out.append(f"{head}data: {json.dumps(e, ensure_ascii=False)}{nl}{nl}".encode())
    return b"".join(out)


def expected(proto, dialect, parts, usage, odd, stream):
    calls = [p for p in parts if p["k"] == "call"]
    want = {"text": "".join(p["text"] for p in parts if p["k"] == "text"), "tools": [{"name": p["name"], "args": p["args"]} for p in calls], "reasoning": "".join(p["text"] for p in parts if p["k"] == "think")}
    stops = {"chat": ("tool_calls", "stop"), "messages": ("tool_use", "end_turn"), "responses": ("completed", "completed")}[proto]
    want["stop"] = stops[0] if calls else stops[1]
    if proto == "chat" and dialect == "openai" and "stop-despite-calls" in odd:
        want["stop"] = list(stops)
    if "length" in odd:
        want["stop"] = {"chat": "length", "messages": "max_tokens", "responses": "incomplete:max_output_tokens"}[proto]
    names = {"chat": ("prompt_tokens", "completion_tokens"), "messages": ("input_tokens", "output_tokens"), "responses": ("input_tokens", "output_tokens")}[proto]
    want["usage"] = [["eq", names[0], usage[0]], ["eq", names[1], usage[1]]]
    return want


def made(n):
    r = random.Random(SEED * 100_003 + n)
    dialect, proto, stream = r.choice(list(DIALECTS)), r.choice(["chat", "messages", "responses"]), r.random() < 0.7
    sse, whole, oddities = DIALECTS[dialect]
    odd = {o for o in oddities if r.random() < 0.2}
    if "id-empty" in odd:
        odd -= {"id-repeated", "id-null"}
    if "id-null" in odd:
        odd.discard("id-repeated")
    if "length" in odd:
        odd.discard("stop-despite-calls")
    parts, usage = parts_of(r), (r.randint(1, 90000), r.randint(1, 9000))
    end = r.choice(["fine", "fine", "fine", "cut", "error", "second"]) if stream else "fine"
    thinks = any(p["k"] == "think" for p in parts)
    say = {"say": {"text": "Done."}} if dialect != "gemini" else None
    want = expected(proto, dialect, parts, usage, odd, stream)
    case = {"id": f"9{n:05}", "kind": f"variant-{dialect}-{proto}", "variant": n, "title": f"{'stream' if stream else 'whole'} {end} {''.join(p['k'][0] if p['k'] != 'text' else 'T' for p in parts)} {sorted(odd)}",
            "concurrency": 1}
    events = sse(r, parts, usage, odd)
    # Some servers stream what was asked for whole, or the other way round.
    swapped = "other-form" in odd and end not in ("cut", "error")
    reply = framed(r, dialect, events) if stream is not swapped else {"json": whole(r, parts, usage, odd)}
    strict = {"openai": ["openai"], "anthropic": ["anthropic", "signed"], "gemini": []}[dialect]
    target = {"kind": dialect, "strict": strict, "model": {"openai": "m", "anthropic": "claude-sonnet-4-5", "gemini": "gemini-2.5-pro"}[dialect], "replies": [reply]}
    case["targets"] = [target]
    # What passes through may hold what its protocol has not.
    want["allow"] = ["unknown event something_new"] if dialect == "anthropic" else ["no choices|object is ''"] if dialect == "openai" else []
    first = {"ask": {"protocol": proto, "body": ask(r, proto, stream, thinks)}, "expect": want}
    if end == "cut":
        # Anywhere before the event that says why it stops.
        data = blob(reply)
        marks = {"openai": b'"finish_reason": "', "anthropic": b'"type": "message_delta"', "gemini": b'"finishReason"'}
        last = data.index(marks[dialect])
        cut = data[:r.randrange(1, last)].decode("utf-8", "ignore")
        if r.random() < 0.5:
            target["replies"] = [{"sse": [{"$raw": cut}], "done": False, "named": False, "close": r.random() < 0.5}]
        else:
            target["replies"] = [{"sse": [{"$raw": cut}, {"$abort": 1}], "done": False, "named": False}]
    elif end == "error":
        at = r.randrange(1, max(2, len(events) - 2))
        reply = framed(r, dialect, [*events[:at], r.choice(ERRORS[dialect])])
        reply["done"] = False
        target["replies"] = [reply]
    if end in ("cut", "error"):
        first["expect"] = {"status": [200, 500, 502, 503, 429], "error": {}, "prefix_of": want["text"],
                           "allow": [*want["allow"], "has no|starts|opens|stays open|not done|times message_start|tool_use input is str"]}
        case.update(first)
    elif end == "second" and "length" not in odd and say is not None and any(p["k"] == "call" for p in parts):
        target["replies"] = [reply, say]
        case["steps"] = [first, {"continue": {"results": r.choice(["done", "", text(r)]), **({"user": "go on"} if r.random() < 0.3 and proto != "chat" else {})}, "expect": {"text": "Done.", "hits": [2]}}]
    else:
        case.update(first)
    return case


CASES = [made(n) for n in range(COUNT)]
