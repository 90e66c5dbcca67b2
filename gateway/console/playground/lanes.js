// Models beside one another: each lane is a conversation of its own with one of them.

import { dollars } from "./behind.js";
import { element } from "./dom.js";
import { exchange } from "./exchange.js";
import { Log } from "./log.js";
import { Events } from "./sse.js";

class Lane {
  constructor(model) {
    this.model = model;
    this.conversation = [];
    this.place = element("div", { class: "pm-log", role: "log", "aria-label": interpolate(gettext("Conversation with %s"), [model]), tabindex: 0 });
    this.facts = element("p", { class: "pm-status", role: "status" });
    this.box = element("section", { class: "pm-lane", "aria-label": model }, element("h3", {}, model), this.place, this.facts);
    this.log = new Log(this.place);
  }

  async send(url, token, order, signal, protocol) {
    const said = { role: "assistant", text: "", reasoning: "", calls: [], error: "", waiting: true };
    const show = this.log.add(said);
    const reader = answerReader(protocol, order.body.stream, said);
    this.facts.textContent = gettext("Waiting …");
    try {
      await exchange(url, token, order, signal, (event) => {
        if (event.event === "head") reader.head(event.status);
        if (event.event === "data") {
          reader.data(event.text);
          if (order.body.stream) this.facts.textContent = gettext("Streaming …");
        }
        if (event.event === "end") {
          reader.end();
          this.facts.textContent = facts(event);
        }
        show();
      });
    } catch (problem) {
      if (signal.aborted) said.stopped = true;
      else said.error = problem.message;
      this.facts.textContent = said.stopped ? gettext("Stopped.") : gettext("The request failed.");
    }
    said.waiting = false;
    show();
    if ((said.text || said.calls.length) && !said.error) this.conversation.push(said);
  }
}

function facts(summary) {
  const usage = summary.usage;
  const known = [
    summary.first_token_ms === null ? null : interpolate(gettext("first token %s ms"), [Math.round(summary.first_token_ms)]),
    interpolate(gettext("whole answer %s ms"), [Math.round(summary.duration_ms)]),
    usage ? `${usage.prompt} + ${usage.completion} tokens` : null,
    usage ? dollars(summary.cost_usd) : null,
  ];
  return known.filter(Boolean).join(" · ");
}

export class Lanes {
  #lanes = [];

  constructor(place, url, token) {
    this.place = place;
    this.url = url;
    this.token = token;
  }

  // Lanes of models that are still compared go on; the others end.
  show(models) {
    const held = new Map(this.#lanes.map((lane) => [lane.model, lane]));
    this.#lanes = models.map((model) => held.get(model) ?? new Lane(model));
    for (const box of this.place.querySelectorAll(".pm-lane")) box.remove();
    this.place.append(...this.#lanes.map((lane) => lane.box));
    this.place.dataset.lanes = String(this.#lanes.length + 1);
  }

  send(message, signal, protocol, order) {
    for (const lane of this.#lanes) {
      lane.conversation.push(message);
      lane.log.add(message);
      const asked = order(lane.model, lane.conversation);
      lane.send(this.url, this.token, asked, signal, protocol);
    }
  }

  clear() {
    this.show([]);
  }
}

// Reads an answer of either kind, errors included, into `said`.
export function answerReader(protocol, streamed, said) {
  const events = new Events();
  let status = 0;
  let bytes = "";
  return {
    head: (given) => (status = given),
    data(piece) {
      if (status === 200 && streamed) {
        for (const event of events.feed(piece)) protocol.event(event, said);
      } else bytes += piece;
    },
    end() {
      if (!bytes) return;
      const answer = JSON.parse(bytes);
      if (status === 200) protocol.whole(answer, said);
      else said.error = answer.error?.message ?? bytes;
    },
  };
}
