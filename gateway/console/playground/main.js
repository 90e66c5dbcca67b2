// The playground: a conversation, and everything behind its answers.

import * as anthropic from "./anthropic.js";
import { Behind } from "./behind.js";
import { copyButtons, showCode } from "./code.js";
import { byId } from "./dom.js";
import { exchange } from "./exchange.js";
import { Images } from "./images.js";
import { Log } from "./log.js";
import * as openai from "./openai.js";
import { offer, options } from "./settings.js";
import { Events } from "./sse.js";

const PROTOCOLS = { chat: openai, messages: anthropic };
const page = byId("playground");
const token = page.querySelector("[name=csrfmiddlewaretoken]").value;
const text = byId("play-text");
const say = (words) => (byId("play-status").textContent = words);
const log = new Log();
const behind = new Behind();
const images = new Images(say);
let conversation = [];
let writing = 0; // The timer after which the conversation is written as code.
let stopping = null; // The AbortController of the request under way.

// --- sending ------------------------------------------------------------------------------------

function order() {
  const chosen = options();
  if (!chosen) return null;
  const endpoint = byId("play-endpoint").value;
  const body = PROTOCOLS[endpoint].request(conversation, chosen);
  return { endpoint, key: byId("play-key").value, body };
}

function put(message) {
  conversation.push(message);
  log.add(message);
}

async function send() {
  const sent = order();
  if (!sent) return;
  if (JSON.stringify(sent).length > Number(page.dataset.bodyLimit)) {
    say("The conversation is larger than the service takes; start a new one.");
    return;
  }
  const protocol = PROTOCOLS[sent.endpoint];
  const said = { role: "assistant", text: "", reasoning: "", calls: [], error: "", waiting: true };
  const show = log.add(said);
  const reader = answerReader(protocol, sent.body.stream, said);
  stopping = new AbortController();
  underWay(true);
  behind.begin();
  say("Waiting for the answer …");
  try {
    await exchange(page.dataset.send, token, sent, stopping.signal, (event) => {
      behind.tell(event);
      if (event.event === "head") reader.head(event.status);
      if (event.event === "data") reader.data(event.text);
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

// Reads an answer of either kind, errors included, into `said`.
function answerReader(protocol, streamed, said) {
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

function settle(said) {
  stopping = null;
  underWay(false);
  const usable = said.text || said.calls.length;
  if (usable && !said.error) conversation.push(said);
  if (said.error) say("The request failed.");
  else if (said.stopped) say("Stopped.");
  else say("The answer is complete.");
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
  put({ role: "user", text: text.value.trim(), images: images.take() });
  text.value = "";
  send();
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
  log.clear();
  underWay(false);
  say("");
  text.focus();
});

byId("play-settings").addEventListener("submit", (event) => event.preventDefault());

byId("play-key").addEventListener("change", async (event) => {
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

copyButtons(say);
offer(JSON.parse(byId("play-choices").textContent));
text.focus(); // `autofocus` would come while the theme still hides the page.
