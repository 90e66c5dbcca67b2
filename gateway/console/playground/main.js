// The playground: a conversation, and everything behind its answers.

import * as anthropic from "./anthropic.js";
import { Behind } from "./behind.js";
import { copyButtons, showCode } from "./code.js";
import { byId } from "./dom.js";
import { exchange } from "./exchange.js";
import { Images } from "./images.js";
import { Lanes, answerReader } from "./lanes.js";
import { Log } from "./log.js";
import * as openai from "./openai.js";
import { fill, keep, offer, options } from "./settings.js";

const PROTOCOLS = { chat: openai, messages: anthropic };
const page = byId("playground");
const token = page.querySelector("[name=csrfmiddlewaretoken]").value;
const text = byId("play-text");
const say = (words) => (byId("play-status").textContent = words);
const log = new Log();
const behind = new Behind();
const images = new Images(say);
const lanes = new Lanes(document.querySelector(".pm-lanes"), page.dataset.send, token);
let conversation = [];
let writing = 0; // The timer after which the conversation is written as code.
let stopping = null; // The AbortController of the request under way.

// --- sending ------------------------------------------------------------------------------------

function order() {
  const chosen = options();
  if (!chosen) return null;
  const endpoint = byId("play-endpoint").value;
  const body = PROTOCOLS[endpoint].request(conversation, chosen);
  return { endpoint, key: key(), body };
}

// The field that is seen shows a name; what is sent stands beside it.
const key = () => page.querySelector("[name=play-key]").value;

// The same request of every other model beside, each with a conversation of its own.
function sendOthers(message) {
  const chosen = options();
  if (!chosen) return;
  const endpoint = byId("play-endpoint").value;
  lanes.show(chosen.others);
  lanes.send(message, stopping.signal, PROTOCOLS[endpoint], (model, talk) => ({
    endpoint,
    key: key(),
    body: PROTOCOLS[endpoint].request(talk, { ...chosen, model }),
  }));
}

function put(message) {
  conversation.push(message);
  log.add(message);
}

async function send(message = null) {
  const sent = order();
  if (!sent) return;
  if (JSON.stringify(sent).length > Number(page.dataset.bodyLimit)) {
    say(gettext("The conversation is larger than the service takes; start a new one."));
    return;
  }
  const protocol = PROTOCOLS[sent.endpoint];
  const said = { role: "assistant", text: "", reasoning: "", calls: [], error: "", waiting: true };
  const show = log.add(said);
  const reader = answerReader(protocol, sent.body.stream, said);
  stopping = new AbortController();
  underWay(true);
  behind.begin();
  say(gettext("Waiting for the answer …"));
  if (message) sendOthers(message);
  try {
    await exchange(page.dataset.send, token, sent, stopping.signal, (event) => {
      behind.tell(event);
      if (event.event === "head") reader.head(event.status);
      if (event.event === "data") {
        reader.data(event.text);
        if (sent.body.stream) say(gettext("Streaming …"));
      }
      if (event.event === "end") reader.end();
      show();
    });
  } catch (problem) {
    if (stopping.signal.aborted) said.stopped = true;
    else said.error = problem.message;
  }
  said.waiting = false;
  show();
  settle(said);
}

function settle(said) {
  stopping = null;
  underWay(false);
  const usable = said.text || said.calls.length;
  if (usable && !said.error) conversation.push(said);
  if (said.error) say(gettext("The request failed."));
  else if (said.stopped) say(gettext("Stopped."));
  else say(gettext("The answer is complete."));
  if (said.calls.length && !said.error && !said.stopped) {
    log.askForResults(said, (results) => {
      put({ role: "tool", results });
      send();
    });
  } else text.focus();
}

function underWay(yes) {
  byId("play-stop").hidden = !yes;
  byId("play-send").disabled = yes;
  byId("play-again").disabled = yes || conversation.length === 0;
  refreshCode();
}

// --- what people do -----------------------------------------------------------------------------

byId("play-composer").addEventListener("submit", (event) => {
  event.preventDefault();
  if (stopping || (!text.value.trim() && !images.any) || !options()) return;
  log.dropForms();
  const message = { role: "user", text: text.value.trim(), images: images.take() };
  put(message);
  text.value = "";
  send(message);
});

text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    byId("play-composer").requestSubmit();
  }
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") stopping?.abort();
});
byId("play-stop").addEventListener("click", () => stopping?.abort());

byId("play-again").addEventListener("click", () => {
  if (stopping) return;
  log.dropForms();
  while (conversation.length && conversation.at(-1).role === "assistant") conversation.pop();
  if (conversation.length) send();
});

byId("play-new").addEventListener("click", () => {
  stopping?.abort();
  conversation = [];
  lanes.clear();
  log.clear();
  underWay(false);
  say("");
  text.focus();
});

byId("play-settings").addEventListener("submit", (event) => event.preventDefault());

byId("play-settings").addEventListener("change", async (event) => {
  if (event.target.name !== "play-key") return;
  const url = `${page.dataset.models}?key=${encodeURIComponent(event.target.value)}`;
  const answer = await fetch(url);
  if (answer.ok) offer(await answer.json());
});

// --- as code ------------------------------------------------------------------------------------

function refreshCode() {
  if (!byId("play-code").open) return;
  clearTimeout(writing);
  writing = setTimeout(() => {
    const words = text.value.trim();
    const draft = { role: "user", text: words || "Hello!", images: [] };
    const last = conversation.at(-1)?.role;
    const complete = last === "user" || last === "tool" ? !words : false;
    const kept = conversation;
    conversation = complete ? kept : [...kept, draft];
    const written = order();
    conversation = kept;
    if (written) showCode(page.dataset.code, token, written);
  }, 250);
}

byId("play-code").addEventListener("toggle", refreshCode);
for (const place of ["play-settings", "play-composer"]) {
  byId(place).addEventListener("input", refreshCode);
}

byId("play-compare").addEventListener("click", ({ currentTarget: button }) => {
  const open = button.getAttribute("aria-expanded") === "true";
  button.setAttribute("aria-expanded", String(!open));
  for (const other of document.querySelectorAll(".pm-other")) {
    other.hidden = open;
    if (open) other.querySelector("input").value = "";
  }
  if (open) lanes.show([]);
  else byId("play-model-2").focus();
});

// --- a request of the log -----------------------------------------------------------------------

// What was said is fetched behind the page. Nothing of it is kept in this browser.
async function refill() {
  const note = byId("play-note");
  const answer = await fetch(page.dataset.kept);
  const told = answer.ok ? await answer.json() : { note: interpolate(gettext("The service answered %s."), [answer.status]) };
  note.textContent = told.note;
  note.hidden = false;
  if (!told.form) return;
  fill(told.form);
  for (const turn of told.form.turns) put(turn);
  if (told.answer) {
    const said = { role: "assistant", text: told.answer, calls: [], then: true };
    log.add(said);
    if (told.goes_on) conversation.push(said);
  }
  underWay(false);
}

copyButtons(say);
offer(JSON.parse(byId("play-choices").textContent));
if (page.dataset.kept) refill();
else keep(page.dataset.user);
text.focus(); // `autofocus` would come while the theme still hides the page.
