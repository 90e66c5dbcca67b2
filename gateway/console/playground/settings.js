// What the form above the conversation says.

import { byId, element } from "./dom.js";

// The options for a request, or null when a field cannot be used; it says so itself.
export function options() {
  const tools = json("play-tools", readTools);
  const extra = json("play-extra", readObject);
  if (tools === null || extra === null) return null;
  return {
    model: byId("play-model").value.trim(),
    others: [2, 3].map((number) => byId(`play-model-${number}`).value.trim()).filter(Boolean),
    profile: byId("play-profile").value,
    stream: byId("play-stream").checked,
    system: byId("play-system").value.trim(),
    temperature: number("play-temperature"),
    maxTokens: number("play-max"),
    tools: tools ?? [],
    extra: extra ?? {},
  };
}

const KEPT = ["play-system", "play-tools"];

// The system prompt and tools are there again the next time, for the same person in this browser.
export function keep(user) {
  const name = `playground:${user}`;
  const held = JSON.parse(localStorage.getItem(name) ?? "{}");
  for (const id of KEPT) {
    if (held[id] && !byId(id).value) byId(id).value = held[id];
    byId(id).addEventListener("input", () => {
      const now = Object.fromEntries(KEPT.map((one) => [one, byId(one).value]));
      localStorage.setItem(name, JSON.stringify(now));
    });
  }
  if (KEPT.some((id) => byId(id).value)) byId("play-more").open = true;
}

// Puts the settings of a request of the log into the form.
export function fill(form) {
  byId("play-endpoint").value = form.endpoint;
  byId("play-model").value = form.model;
  byId("play-stream").checked = form.stream;
  byId("play-system").value = form.system;
  byId("play-temperature").value = form.temperature ?? "";
  byId("play-max").value = form.max_tokens ?? "";
  byId("play-tools").value = pretty(form.tools);
  byId("play-extra").value = pretty(form.extra);
  choose(form.profile);
  const filled = [...document.querySelectorAll("#play-more textarea, #play-more input")];
  byId("play-more").open = filled.some((field) => field.value);
}

function pretty(value) {
  return Object.keys(value).length ? JSON.stringify(value, null, 2) : "";
}

// A profile as callers name it: by its id or its name. One that is not offered stays a field.
function choose(named) {
  const options = [...byId("play-profile").options].filter((one) => one.value);
  const wanted = named.toLowerCase();
  const found = options.find(({ value, text }) => [value, text].some((one) => one.toLowerCase() === wanted));
  byId("play-profile").value = found?.value ?? "";
  if (!named || found) return;
  const extra = JSON.parse(byId("play-extra").value || "{}");
  byId("play-extra").value = pretty({ ...extra, routing_profile: named });
}

// Offers models and profiles; what was chosen stays chosen where it can.
export function offer(choices) {
  byId("play-models").replaceChildren(
    ...["auto", ...choices.models].map((model) => element("option", { value: model })),
  );
  const profile = byId("play-profile");
  const chosen = profile.value || profile.dataset.chosen;
  profile.replaceChildren(
    element("option", { value: "" }, gettext("None named")),
    ...choices.profiles.map(({ id, name }) => element("option", { value: id }, name)),
  );
  profile.value = choices.profiles.some(({ id }) => id === chosen) ? chosen : "";
}

function number(id) {
  const value = byId(id).valueAsNumber;
  return Number.isNaN(value) ? null : value;
}

// The value of a JSON field, undefined when it is empty, null when it is wrong.
function json(id, read) {
  const field = byId(id);
  const error = byId(`${id}-error`);
  error.hidden = true;
  field.removeAttribute("aria-invalid");
  if (!field.value.trim()) return undefined;
  try {
    return read(JSON.parse(field.value));
  } catch (problem) {
    error.textContent = problem.message;
    error.hidden = false;
    field.setAttribute("aria-invalid", "true");
    byId("play-more").open = true;
    field.focus();
    return null;
  }
}

function readObject(value) {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new Error(gettext("Other fields must be a JSON object."));
  }
  return value;
}

// Each tool as `{name, description, parameters}`, whichever protocol's form it came in.
function readTools(value) {
  if (!Array.isArray(value)) throw new Error(gettext("Tools must be a JSON array."));
  return value.map((tool) => {
    const { name, description, parameters, input_schema: schema } = tool?.function ?? tool ?? {};
    if (typeof name !== "string" || !name) throw new Error(gettext("Each tool needs a name."));
    const read = { name };
    if (description) read.description = description;
    read.parameters = parameters ?? schema ?? { type: "object", properties: {} };
    return read;
  });
}
