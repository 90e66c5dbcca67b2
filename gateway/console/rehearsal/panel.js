// Rehearse and replay over the unsaved form: everything typed there goes along as it stands.

const panel = document.getElementById("rehearse");
const form = document.getElementById(panel.dataset.form);
const result = document.getElementById("rehearse-result");
const ifs = document.getElementById("rehearse-ifs");
const CONDITIONS = {
  "": gettext("as it is"),
  down: gettext("down"),
  slow: gettext("slow"),
  rate_limited: gettext("rate-limited"),
  queued: gettext("long queue"),
  silent: gettext("silent"),
  cut: gettext("cut in the middle"),
};

// The form's fields with the panel's, as the browser would send them.
function both() {
  const data = form ? new FormData(form) : new FormData();
  for (const [name, value] of new FormData(panel)) {
    if (name === "csrfmiddlewaretoken") data.set(name, value);
    else data.append(name, value);
  }
  return data;
}

async function ask(url, place, signal) {
  const answer = await fetch(url, { method: "POST", body: both(), signal });
  if (answer.redirected) {
    place.textContent = gettext("You are logged out. Reload the page to log in again.");
    return;
  }
  const text = answer.ok ? await answer.text() : "";
  if (answer.ok) place.innerHTML = text;
  else place.textContent = interpolate(gettext("The service answered %s."), [answer.status]);
}

// --- rehearse: again after every change ---------------------------------------------------------

let waiting = 0;
let asking = null;

function soon() {
  clearTimeout(waiting);
  waiting = setTimeout(rehearse, 300);
}

async function rehearse() {
  asking?.abort();
  asking = new AbortController();
  try {
    await ask(panel.dataset.rehearse, result, asking.signal);
    offerIfs(result.querySelector("[data-providers]")?.dataset.providers);
    tellRows(result.querySelector("[data-shares]")?.dataset);
  } catch (problem) {
    if (problem.name !== "AbortError") result.textContent = gettext("The service does not answer.");
  }
}

// For the rows of targets; without an answer they keep what they show.
function tellRows(data) {
  if (data === undefined) return;
  const detail = { shares: JSON.parse(data.shares), told: JSON.parse(data.told) };
  form?.dispatchEvent(new CustomEvent("rehearsed", { detail }));
}

// A choice for each provider that the draft names; what was chosen stays.
function offerIfs(listed) {
  if (listed === undefined) return;
  const names = JSON.parse(listed);
  const chosen = new Map(
    [...ifs.querySelectorAll("select")].map((select) => [select.name, select.value]),
  );
  const wanted = names.map((name) => `rehearse-if-${name}`);
  if (wanted.join("\n") === [...chosen.keys()].join("\n")) return;
  for (const label of ifs.querySelectorAll("label")) label.remove();
  for (const [place, name] of wanted.entries()) {
    const select = document.createElement("select");
    select.name = name;
    for (const [value, words] of Object.entries(CONDITIONS)) select.add(new Option(words, value));
    select.value = chosen.get(name) ?? "";
    const label = document.createElement("label");
    label.append(`${names[place]} is `, select);
    ifs.append(label);
  }
  ifs.hidden = names.length === 0;
}

function showSource() {
  const source = new FormData(panel).get("rehearse-source");
  for (const part of panel.querySelectorAll("[data-source]")) {
    part.hidden = !part.dataset.source.split(" ").includes(source);
  }
}

panel.addEventListener("submit", (event) => event.preventDefault());
for (const happens of ["input", "change"]) {
  panel.addEventListener(happens, () => {
    showSource();
    soon();
  });
}
for (const happens of ["input", "change", "click", "drop", "reset"]) form?.addEventListener(happens, soon);
// --- replay: when asked -------------------------------------------------------------------------

document.getElementById("replay")?.addEventListener("click", async (event) => {
  const button = event.currentTarget;
  const place = document.getElementById("replay-result");
  button.disabled = true;
  place.textContent = gettext("Replaying …");
  try {
    await ask(panel.dataset.replay, place);
  } catch {
    place.textContent = gettext("The service does not answer.");
  }
  button.disabled = false;
});

showSource();
rehearse();
