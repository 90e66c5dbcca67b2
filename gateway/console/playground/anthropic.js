// The conversation in Anthropic's protocol, and answers in it.

const MOST_TOKENS = 1024; // The protocol demands a limit.

// `options` as in `openai.js`.
export function request(conversation, options) {
  const body = { max_tokens: options.maxTokens ?? MOST_TOKENS };
  if (options.model) body.model = options.model;
  if (options.system) body.system = options.system;
  body.messages = conversation.flatMap((one) => one.raw?.messages ?? [message(one)]);
  if (options.profile) body.routing_profile = options.profile;
  if (options.temperature !== null) body.temperature = options.temperature;
  if (options.tools.length) {
    body.tools = options.tools.map(({ parameters, ...tool }) => ({
      ...tool,
      input_schema: parameters ?? { type: "object" },
    }));
  }
  if (options.stream) body.stream = true;
  return { ...body, ...options.extra };
}

function message(one) {
  if (one.role === "tool") {
    const content = one.results.map(({ id, text }) => ({
      type: "tool_result",
      tool_use_id: id,
      content: text,
    }));
    return { role: "user", content };
  }
  if (one.role === "assistant") {
    const content = one.calls.map((call) => ({
      type: "tool_use",
      id: call.id,
      name: call.name,
      input: parsed(call.arguments),
    }));
    if (one.text) content.unshift({ type: "text", text: one.text });
    return { role: "assistant", content };
  }
  if (!one.images?.length) return { role: "user", content: one.text };
  const content = one.images.map((image) => ({
    type: "image",
    source: { type: "base64", media_type: image.type, data: image.url.split(",")[1] },
  }));
  if (one.text) content.push({ type: "text", text: one.text });
  return { role: "user", content };
}

function parsed(text) {
  try {
    return JSON.parse(text || "{}");
  } catch {
    return {};
  }
}

// Adds a whole answer to `said`.
export function whole(answer, said) {
  for (const block of answer.content ?? []) begin(block, said);
}

// Adds one event of a stream to `said`.
export function event({ data }, said) {
  const told = JSON.parse(data);
  if (told.type === "error") throw new Error(told.error?.message ?? gettext("The stream broke off."));
  if (told.type === "content_block_start") begin(told.content_block, said);
  if (told.type !== "content_block_delta") return;
  const delta = told.delta;
  if (delta.type === "text_delta") said.text += delta.text;
  if (delta.type === "thinking_delta") said.reasoning += delta.thinking;
  if (delta.type === "input_json_delta") said.calls.at(-1).arguments += delta.partial_json;
}

function begin(block, said) {
  if (block.type === "text") said.text += block.text;
  if (block.type === "thinking") said.reasoning += block.thinking ?? "";
  if (block.type === "tool_use") {
    const given = Object.keys(block.input ?? {}).length ? JSON.stringify(block.input) : "";
    said.calls.push({ id: block.id, name: block.name, arguments: given });
  }
}
