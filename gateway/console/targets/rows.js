// The rows of a profile's form: added, removed, moved by hand, by keys and by buttons; what the
// server tells of them stands beside their fields.

const form = document.getElementById("routingprofile_form");
const data = document.getElementById("targets-data");
const group = document.getElementById("targets-group");
const said = document.getElementById("targets-said");

const rows = () => [...data.querySelectorAll(":scope > [data-row]")];
const changed = () => form.dispatchEvent(new Event("change"));
const field = (row, name) => form.elements.namedItem(`${row.dataset.row}-${name}`);

// --- order --------------------------------------------------------------------------------------

function renumber() {
  for (const [place, row] of rows().entries()) field(row, "position").value = place;
}

function told(row) {
  const place = rows().indexOf(row) + 1;
  said.textContent = `${place} / ${rows().length}`;
}

// The buttons a row is moved by keep the focus: moving an element takes it away.
function move(row, step) {
  const all = rows();
  const place = all.indexOf(row) + step;
  if (place < 0 || place >= all.length) return;
  const focused = document.activeElement;
  if (step < 0) all[place].before(row);
  else all[place].after(row);
  moved(row);
  focused?.focus();
}

// Dividers told where priorities changed; in another order they say nothing.
function moved(row) {
  for (const one of data.querySelectorAll(".pm-divided")) one.classList.remove("pm-divided");
  renumber();
  told(row);
  changed();
}

// The pointer is followed on the document: an element that is moved loses what it captured.
function drag(event) {
  const handle = event.target.closest("[data-handle]");
  if (!handle || event.button) return;
  event.preventDefault();
  handle.focus();
  const row = handle.closest("[data-row]");
  const before = rows().indexOf(row);
  row.classList.add("pm-dragged");
  const follow = ({ clientY }) => {
    const all = rows();
    const above = all.slice(0, all.indexOf(row)).find((one) => clientY < middle(one));
    const below = all.slice(all.indexOf(row) + 1).findLast((one) => clientY > middle(one));
    if (above) above.before(row);
    else if (below) below.after(row);
  };
  const stop = new AbortController();
  const end = () => {
    stop.abort();
    row.classList.remove("pm-dragged");
    handle.focus();
    if (rows().indexOf(row) !== before) moved(row);
  };
  const { signal } = stop;
  document.addEventListener("pointermove", follow, { signal });
  document.addEventListener("pointerup", end, { signal });
  document.addEventListener("pointercancel", end, { signal });
}

function middle(row) {
  const { top, height } = row.getBoundingClientRect();
  return top + height / 2;
}

function keys(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || !event.target.closest("[data-handle]")) return;
  event.preventDefault();
  move(event.target.closest("[data-row]"), step);
}

function press({ target }) {
  const button = target.closest("[data-move]");
  if (button) move(button.closest("[data-row]"), Number(button.dataset.move));
}

// --- rows ---------------------------------------------------------------------------------------

function add() {
  const total = form.elements.namedItem("targets-TOTAL_FORMS");
  const html = document.getElementById("targets-template").innerHTML;
  const place = Number(total.value);
  data.insertAdjacentHTML("beforeend", html.replaceAll("__prefix__", place));
  total.value = place + 1;
  renumber();
  field(rows().at(-1), "provider").focus();
  changed();
}

function count(row) {
  const drawer = row.querySelector("[data-drawer]");
  const set = [...drawer.querySelectorAll("input")].filter((one) =>
    one.type === "checkbox" ? one.checked : one.value.trim(),
  );
  row.querySelector("[data-count]").textContent = set.length || "";
}

// --- what the server tells ----------------------------------------------------------------------

function wait() {
  for (const shown of data.querySelectorAll("[data-share]")) shown.setAttribute("data-waiting", "");
}

function badge({ text, tone, detail }) {
  const made = document.createElement("span");
  made.className = `pm-badge pm-tone-${tone}`;
  made.textContent = text;
  made.title = detail;
  return made;
}

function tellState(row, { facts, badges, shown, override }) {
  row.querySelector("[data-facts]").textContent = facts;
  row.querySelector("[data-state]").replaceChildren(badge(badges[shown]));
  const all = badges.map((one) => {
    const item = document.createElement("li");
    item.append(badge(one), ` ${one.detail}`);
    return item;
  });
  row.querySelector("[data-badges]").replaceChildren(...all);
  const link = row.querySelector("[data-override]");
  link.hidden = !override;
  link.href = override;
}

function tell({ detail: { shares, told } }) {
  for (const row of rows()) {
    const shown = row.querySelector("[data-share]");
    const text = shares[row.dataset.row] || "—";
    if (shown.textContent.trim() !== text) shown.textContent = text;
    const width = text.match(/^[\d.]+/);
    row.querySelector("[data-share-bar]").style.width = width ? `${width[0]}%` : "0%";
    shown.removeAttribute("data-waiting");
    const state = told.rows?.[row.dataset.row];
    if (state) tellState(row, state);
  }
  if (told.summary) document.querySelector("[data-summary]").textContent = told.summary;
  if (told.otherwise) document.querySelector("[data-otherwise]").textContent = told.otherwise;
}

function weigh() {
  const strategy = form.elements.namedItem("strategy").value;
  group.dataset.weights = group.dataset.weighing.split(" ").includes(strategy) ? "on" : "off";
}

// Who may only look has no fields.
if (data && form?.elements.namedItem("strategy")?.options) {
  for (const happens of ["input", "change", "reset"]) form.addEventListener(happens, wait);
  form.addEventListener("rehearsed", tell);
  form.elements.namedItem("strategy").addEventListener("change", weigh);
  data.addEventListener("pointerdown", drag);
  data.addEventListener("keydown", keys);
  data.addEventListener("click", press);
  data.addEventListener("change", ({ target }) => {
    const drawer = target.closest("[data-drawer]");
    if (drawer) count(drawer.closest("[data-row]"));
  });
  document.getElementById("targets-add").addEventListener("click", add);
  rows().forEach(count);
  renumber();
  data.querySelector("[data-drawer] .errors")?.closest("[data-drawer]").showPopover();
}
