// The conversation in OpenAI's protocol, and answers in it.

// `options`: model, profile, stream, system, temperature, maxTokens, tools, extra.
export function request(conversation, options) {
  const messages = conversation.flatMap((one) => one.raw?.chat ?? message(one));
  if (options.system) messages.unshift({ role: "system", content: options.system });
  const body = { messages };
  if (options.model) body.model = options.model;
  if (options.profile) body.routing_profile = options.profile;
  if (options.temperature !== null) body.temperature = options.temperature;
  if (options.maxTokens !== null) body.max_tokens = options.maxTokens;
  if (options.tools.length) {
    body.tools = options.tools.map((tool) => ({ type: "function", function: tool }));
  }
  if (options.stream) {
    body.stream = true;
    body.stream_options = { include_usage: true };
  }
  return { ...body, ...options.extra };
}

function message(one) {
  if (one.role === "tool") {
    return one.results.map(({ id, text }) => ({ role: "tool", tool_call_id: id, content: text }));
  }
  if (one.role === "system") return [{ role: "system", content: one.text }];
  if (one.role === "assistant") {
    const said = { role: "assistant", content: one.text || null };
    if (one.calls.length) {
      said.tool_calls = one.calls.map((call) => ({
        id: call.id,
        type: "function",
        function: { name: call.name, arguments: call.arguments },
      }));
    }
    return [said];
  }
  if (!one.images?.length) return [{ role: "user", content: one.text }];
  const parts = one.images.map((image) => ({ type: "image_url", image_url: { url: image.url } }));
  if (one.text) parts.unshift({ type: "text", text: one.text });
  return [{ role: "user", content: parts }];
}

// Adds a whole answer to `said`.
export function whole(answer, said) {
  const one = answer.choices?.[0]?.message ?? {};
  said.text += one.content ?? one.refusal ?? "";
  said.reasoning += one.reasoning ?? one.reasoning_content ?? "";
  for (const call of one.tool_calls ?? []) {
    said.calls.push({
      id: call.id,
      name: call.function.name,
      arguments: call.function.arguments,
    });
  }
}

// Adds one event of a stream to `said`.
export function event({ data }, said) {
  if (data === "[DONE]") return;
  const chunk = JSON.parse(data);
  if (chunk.error) throw new Error(chunk.error.message ?? gettext("The stream broke off."));
  const delta = chunk.choices?.[0]?.delta ?? {};
  said.text += delta.content ?? delta.refusal ?? "";
  said.reasoning += delta.reasoning ?? delta.reasoning_content ?? "";
  for (const piece of delta.tool_calls ?? []) {
    const call = (said.calls[piece.index ?? 0] ??= { id: "", name: "", arguments: "" });
    call.id ||= piece.id ?? "";
    call.name += piece.function?.name ?? "";
    call.arguments += piece.function?.arguments ?? "";
  }
}
