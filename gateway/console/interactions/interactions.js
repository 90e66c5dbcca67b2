// The list of interactions: totals and facets fetched behind it, a histogram to choose a time
// from, rows that arrive, and one request beside the list.

import { draw } from "../theme/charts.js";

const table = document.getElementById("result_list");
const rows = document.getElementById("rows");
const panel = document.getElementById("panel");
const summary = document.getElementById("summary");
const live = document.getElementById("live");
const lost = document.querySelector("[data-lost]");

async function fetched(address) {
  const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" }, cache: "no-store" });
  if (answer.redirected) location.reload(); // The session is over: the page asks to log in.
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer;
}

// Totals, histogram, facets

let histogram = null;

function showChart() {
  const held = summary.querySelector("#histogram-data");
  const data = held && JSON.parse(held.textContent);
  const canvas = document.getElementById("histogram");
  if (!data?.begins?.length) return;
  const whole = { ...data, kind: "bar", unit: "count", stacked: true };
  if (histogram) {
    histogram.redraw(whole);
    return;
  }
  histogram = draw(canvas, whole, {
    bare: true,
    onRange: (from, to) => {
      const query = new URLSearchParams(data.brush);
      query.set("from", from);
      query.set("to", to);
      location.search = query.toString();
    },
  });
}

function showFacets() {
  const found = summary.querySelector("#facets");
  if (!found) return;
  for (const menu of document.querySelectorAll("[data-facet]")) {
    const values = found.content.querySelector(`[data-facet-values="${menu.dataset.facet}"]`);
    const body = menu.querySelector("[data-facet-body]");
    if (!values || body.contains(document.activeElement)) continue;
    body.replaceChildren(document.importNode(values, true));
    const field = body.querySelector("[data-facet-search]");
    field.addEventListener("input", () => search(field));
  }
}

let waiting = 0;

function search(field) {
  clearTimeout(waiting);
  const list = field.parentElement.querySelector(".pm-choices");
  field.usual ??= list.innerHTML;
  const typed = field.value.trim();
  if (!typed) {
    list.innerHTML = field.usual;
    return;
  }
  waiting = setTimeout(async () => {
    const address = `${field.dataset.facetSearch}&typed=${encodeURIComponent(typed)}`;
    const { values } = await (await fetched(address)).json();
    if (field.value.trim() !== typed) return;
    list.replaceChildren(
      ...values.map((one) => {
        const item = document.createElement("li");
        const link = document.createElement("a");
        link.href = location.pathname + one.query;
        if (one.chosen) link.setAttribute("aria-current", "true");
        const label = document.createElement("span");
        label.textContent = label.title = one.label;
        const count = document.createElement("span");
        count.className = "pm-count";
        count.textContent = one.count === null ? "" : one.count.toLocaleString();
        link.append(label, count);
        item.append(link);
        return item;
      }),
    );
    if (!values.length) list.textContent = "—";
  }, 150);
}

async function sumUp() {
  if (!summary) return;
  try {
    summary.innerHTML = await (await fetched(summary.dataset.summary)).text();
    showChart();
    showFacets();
  } catch {
    if (lost) lost.hidden = false;
  }
}

// What arrives

const MOST = 200;
let following = 0;
let summedAt = 0;

async function follow() {
  if (!document.hidden && table) {
    try {
      const cursor = table.dataset.tail ? `&p=${table.dataset.tail}` : "";
      const answer = await fetched(table.dataset.tailAddress + cursor);
      const html = await answer.text();
      if (html.trim()) {
        const fresh = document.createElement("tbody");
        fresh.innerHTML = html;
        for (const row of fresh.children) row.classList.add("pm-new");
        for (const row of rows.querySelectorAll(".pm-new")) row.classList.remove("pm-new");
        rows.prepend(...fresh.children);
        while (rows.children.length > MOST) rows.lastElementChild.remove();
        table.dataset.tail = answer.headers.get("X-Tail");
        if (Date.now() - summedAt > 5000) {
          summedAt = Date.now();
          sumUp();
        }
      }
      lost.hidden = true;
    } catch {
      lost.hidden = false;
    }
  }
  if (following) following = setTimeout(follow, 1000);
}

live?.addEventListener("click", () => {
  const on = live.getAttribute("aria-pressed") !== "true";
  live.setAttribute("aria-pressed", String(on));
  live.textContent = on ? live.dataset.on : live.dataset.off;
  clearTimeout(following);
  following = on ? setTimeout(follow, 0) : 0;
});

// One request beside the list

let opener = null;

function choose(pk) {
  for (const row of rows.children) {
    row.setAttribute("aria-selected", String(row.dataset.pk === pk));
    if (row.dataset.pk === pk) row.scrollIntoView({ block: "nearest" });
  }
}

async function open(pk, focus = true) {
  try {
    const answer = await fetched(table.dataset.panel.replace("/0/panel", `/${pk}/panel`));
    panel.innerHTML = await answer.text();
  } catch {
    lost.hidden = false;
    return;
  }
  panel.hidden = false;
  choose(pk);
  if (focus) panel.querySelector("[data-go=close]").focus({ preventScroll: true });
}

function close() {
  panel.hidden = true;
  choose("");
  opener?.focus();
}

function go(way) {
  const head = panel.querySelector("[data-newer]");
  if (way === "close") close();
  else if (head?.dataset[way]) {
    const held = document.activeElement?.dataset?.go;
    open(head.dataset[way], false).then(() => panel.querySelector(`[data-go=${held ?? way}]`)?.focus());
  }
}

rows?.addEventListener("click", (event) => {
  const row = event.target.closest("tr");
  if (!row || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  if (!document.getSelection().isCollapsed) return;
  event.preventDefault();
  opener = row.querySelector("a");
  open(row.dataset.pk);
});

panel?.addEventListener("click", (event) => {
  const button = event.target.closest("[data-go]");
  if (button) go(button.dataset.go);
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.("details.pm-menu[open]");
  if (event.key === "Escape" && menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
    return;
  }
  if (panel.hidden || event.target.closest("input, select, textarea")) return;
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const ways = { k: "newer", j: "older", Escape: "close" };
  if (!(event.key in ways)) return;
  event.preventDefault();
  go(ways[event.key]);
});

// A menu closes when something else is chosen.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.pm-menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

sumUp();
