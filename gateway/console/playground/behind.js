// What stood behind the answer: the decision, attempts on a time line, timing, raw bytes.

import { byId, element } from "./dom.js";

const REASONS = {
  caller_hint: gettext("the routing profile was named"),
  api_key: gettext("the API key is bound to it"),
  virtual_model: gettext("the model begins with its virtual provider"),
  provider_model: gettext("the model names a provider"),
  model_mapping: gettext("a model mapping matched"),
  default: gettext("it is the default"),
};

export class Behind {
  #decision = byId("play-decision");
  #attempts = byId("play-attempts");
  #raw = byId("play-raw");

  begin() {
    this.attempts = [];
    this.summary = null;
    this.status = null;
    this.#decision.replaceChildren(element("p", { class: "pm-empty" }, gettext("Deciding …")));
    this.#attempts.replaceChildren(element("p", { class: "pm-empty" }, gettext("Waiting …")));
    this.#raw.textContent = "";
  }

  tell(event) {
    if (event.event === "decision") this.#showDecision(event.decision);
    if (event.event === "attempt") this.attempts.push(event.attempt);
    if (event.event === "head") {
      this.status = event.status;
      this.#raw.textContent = `HTTP ${event.status}\n`;
      this.#raw.textContent += event.headers.map(([name, value]) => `${name}: ${value}`).join("\n");
      this.#raw.textContent += "\n\n";
    }
    if (event.event === "data") this.#raw.append(event.text);
    if (event.event === "end") {
      this.summary = event;
      if (!this.#decision.querySelector("p:not(.pm-empty)")) {
        this.#decision.replaceChildren(element("p", {}, gettext("Refused before a way was chosen.")));
      }
    }
    if (event.event === "attempt" || event.event === "end") this.#showAttempts();
  }

  #showDecision(decision) {
    const shown = [element("p", {}, way(decision))];
    if (decision.warning) shown.push(element("p", { class: "pm-error" }, decision.warning));
    if (decision.refusal) shown.push(element("p", { class: "pm-error" }, decision.refusal.message));
    if (decision.candidates.length) {
      shown.push(
        element("ol", { class: "pm-chain", "aria-label": gettext("Candidates, in the order to try them") },
          ...decision.candidates.map(candidate)),
      );
    }
    if (decision.rejections.length) {
      shown.push(element("h3", {}, gettext("Passed over")));
      shown.push(
        element("ul", { class: "pm-chain", "aria-label": gettext("Targets passed over") },
          ...decision.rejections.map((one) =>
            element("li", {}, place(one), badge(one.reason.replaceAll("_", " "), "quiet"), why(one.detail)))),
      );
    }
    for (const { rule, why: reason } of decision.skipped) {
      shown.push(element("p", { class: "pm-help" }, interpolate(gettext("Skipped %(rule)s: %(why)s"), { rule: rule.replace(":", " "), why: reason }, true)));
    }
    this.#decision.replaceChildren(...shown);
  }

  #showAttempts() {
    // One candidate is tried after the other: each begins where the one before it ended.
    let began = 0;
    const starts = this.attempts.map(({ milliseconds }) => (began += milliseconds) - milliseconds);
    const total = Math.max(began, this.summary?.duration_ms ?? 0, 1);
    const list = element(
      "ol",
      { class: "pm-chain", "aria-label": gettext("Attempts") },
      ...this.attempts.map((attempt, place) => this.#attempt(attempt, starts[place], total)),
    );
    const shown = this.attempts.length ? [list] : [element("p", {}, gettext("Nobody was asked."))];
    if (this.summary) shown.push(facts(this.summary, this.status));
    this.#attempts.replaceChildren(...shown);
  }

  #attempt(attempt, start, total) {
    const good = attempt.outcome === "ok";
    const bar = element("span", { class: good ? "pm-good" : "pm-bad" });
    bar.style.width = `${(100 * attempt.milliseconds) / total}%`;
    bar.style.marginLeft = `${(98 * start) / total}%`;
    const code = good ? gettext("answered") : attempt.code.replaceAll("_", " ");
    return element(
      "li",
      {},
      place(attempt),
      badge(code, good ? "good" : attempt.outcome === "cancelled" ? "quiet" : "bad"),
      attempt.local_fallback ? badge(gettext("local fallback"), "busy") : null,
      element("span", { class: "pm-share" }, `${Math.round(attempt.milliseconds)} ms`),
      element("span", { class: "pm-track", "aria-hidden": "true" }, bar),
    );
  }
}

function way(decision) {
  const [kind, rule] = decision.reason.split(/:(.*)/s);
  const because = kind === "heuristic_rule" ? interpolate(gettext("the rule “%s” matched"), [rule]) : REASONS[kind];
  if (!decision.profile) return because ? interpolate(gettext("No profile: %s."), [because]) : gettext("No way was found.");
  const what = decision.profile.implicit
    ? interpolate(gettext("Provider %s"), [decision.profile.name])
    : interpolate(gettext("Profile %(name)s (%(strategy)s)"), {
        name: decision.profile.name,
        strategy: decision.profile.strategy.replaceAll("_", " "),
      }, true);
  return interpolate(gettext("%(what)s, because %(why)s."), { what, why: because }, true);
}

function candidate(one) {
  return element(
    "li",
    {},
    place(one),
    one.local ? badge("local", "good") : null,
    one.local_fallback ? badge(gettext("local fallback"), "busy") : null,
    one.demoted ? badge(one.demoted.replaceAll("_", " "), "warn") : null,
    one.probability > 0 && one.probability < 1
      ? element("span", { class: "pm-share" }, `${(100 * one.probability).toFixed(1)} %`)
      : null,
  );
}

function facts(summary, status) {
  const usage = summary.usage;
  const known = [
    [gettext("Status"), status],
    [gettext("Ended"), summary.outcome === "ok" ? gettext("answered") : summary.error_code.replaceAll("_", " ")],
    [gettext("First token"), milliseconds(summary.first_token_ms)],
    [gettext("Whole answer"), milliseconds(summary.duration_ms)],
    [gettext("Tokens in"), usage?.prompt],
    [gettext("Tokens out"), usage?.completion],
    [gettext("From cache"), usage?.cached || null],
    [gettext("Reasoning"), usage?.reasoning || null],
    [gettext("Finished by"), summary.finish_reason || null],
    [gettext("Answered by"), summary.model || null],
    [gettext("Left out"), summary.dropped.join(", ") || null],
    [gettext("Cost"), usage ? dollars(summary.cost_usd) : null],
    [gettext("Request"), interaction(summary.request_id)],
  ].filter(([, value]) => value !== null && value !== undefined);
  return element(
    "dl",
    { class: "pm-facts" },
    ...known.map(([name, value]) =>
      element("div", {}, element("dt", {}, name), element("dd", {}, value instanceof Node ? value : String(value)))),
  );
}

// The row is there a moment after the answer ended; the list finds it by its id.
function interaction(id) {
  const root = byId("playground").dataset.interactions;
  return root ? element("a", { href: `${root}?q=${encodeURIComponent(id)}` }, id) : id;
}

// Unknown is not free.
export function dollars(cost) {
  if (cost === null || cost === undefined) return gettext("no price known");
  return cost && cost < 0.01 ? `$${cost.toPrecision(2)}` : `$${cost.toFixed(cost ? 4 : 2)}`;
}

const milliseconds = (value) => (value === null ? null : `${Math.round(value)} ms`);
const place = (one) => element("strong", {}, one.model ? `${one.provider} / ${one.model}` : one.provider);
const badge = (text, tone) => element("span", { class: `pm-badge pm-${tone}` }, text);
const why = (text) => element("span", { class: "pm-why" }, text);
