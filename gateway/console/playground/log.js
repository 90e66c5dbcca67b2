// The conversation as it is read.

import { byId, element } from "./dom.js";

const NAMES = { user: gettext("You"), assistant: gettext("Model"), tool: gettext("Tool results"), system: gettext("System") };

export class Log {
  #place;

  constructor(place = byId("play-log")) {
    this.#place = place;
  }

  clear() {
    this.#place.replaceChildren(
      element("p", { class: "pm-empty" }, gettext("Say something. What happens to the request stands beside the answer.")),
    );
  }

  // Shows a message and returns a function that shows it again after it changed.
  add(message) {
    this.#place.querySelector(".pm-empty")?.remove();
    const box = element("article", { class: `pm-message pm-${message.role}` });
    this.#place.append(box);
    const show = () => {
      const near = this.#nearEnd();
      box.classList.toggle("pm-failed", Boolean(message.error));
      box.replaceChildren(element("h3", {}, title(message)), ...parts(message));
      if (near) this.#place.scrollTop = this.#place.scrollHeight;
    };
    show();
    this.#place.scrollTop = this.#place.scrollHeight;
    return show;
  }

  // Asks for the results of the calls in `message`; `send(results)` gets them.
  askForResults(message, send) {
    const fields = message.calls.map((call) => {
      const id = `play-result-${call.id}`;
      const field = element("textarea", { id, rows: 2, spellcheck: "false" });
      const label = element("label", { for: id }, interpolate(gettext("Result of %s"), [call.name]));
      return { call, field, label };
    });
    const form = element(
      "form",
      { class: "pm-call", "aria-label": gettext("Tool results") },
      ...fields.flatMap(({ label, field }) => [label, field]),
      element("button", { class: "pm-button pm-primary" }, gettext("Send results")),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      form.remove();
      send(fields.map(({ call, field }) => ({ id: call.id, name: call.name, text: field.value })));
    });
    this.#place.lastElementChild.append(form);
    this.#place.scrollTop = this.#place.scrollHeight;
    fields[0].field.focus();
  }

  // A form for results that were never given must not stay behind.
  dropForms() {
    for (const form of this.#place.querySelectorAll("form")) form.remove();
  }

  #nearEnd() {
    const place = this.#place;
    return place.scrollHeight - place.scrollTop - place.clientHeight < 60;
  }
}

function title(message) {
  const name = message.error ? gettext("Failed") : NAMES[message.role];
  if (message.then) return interpolate(gettext("%s, at that time"), [name]);
  return message.stopped ? `${name}, stopped` : name;
}

function parts(message) {
  if (message.role === "tool") {
    return message.results.map(({ name, text }) =>
      element("p", { class: "pm-text" }, `${name}: ${text}`),
    );
  }
  const shown = [];
  if (message.reasoning) {
    shown.push(element("p", { class: "pm-reasoning" }, message.reasoning));
  }
  if (message.text) shown.push(element("p", { class: "pm-text" }, message.text));
  for (const image of message.images ?? []) {
    shown.push(element("img", { src: image.url, alt: image.name }));
  }
  for (const call of message.calls ?? []) {
    shown.push(
      element(
        "div",
        { class: "pm-call" },
        element("strong", {}, interpolate(gettext("Calls %s"), [call.name])),
        element("pre", { class: "pm-raw", tabindex: 0 }, pretty(call.arguments)),
      ),
    );
  }
  if (message.error) shown.push(element("p", { class: "pm-text" }, message.error));
  if (message.waiting && !shown.length) {
    shown.push(element("p", { class: "pm-reasoning" }, "…"));
  }
  return shown;
}

function pretty(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}
