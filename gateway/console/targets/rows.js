// The rows of a profile's form: shares follow what is typed, models complete by their provider.

import { percent, priority, shares, weight } from "./shares.js";

const form = document.getElementById("routingprofile_form");
const data = document.getElementById("targets-data");
const strategy = form?.elements.namedItem("strategy");

function rows() {
  const weights = [...data.querySelectorAll('[name^="targets-"][name$="-weight"]')];
  return weights
    .filter(({ name }) => !name.includes("__prefix__"))
    .map((input) => ({ row: input.closest(".form-group"), prefix: input.name.slice(0, -6) }));
}

function read({ prefix }) {
  const field = (name) => form.elements.namedItem(prefix + name);
  const alias = field("virtual_model").value.trim().toLowerCase();
  const named = field("provider").value.trim() !== "";
  return {
    alias: alias === "*" ? "" : alias,
    enabled: named && field("enabled").checked && !field("DELETE")?.checked,
    weight: weight(field("weight").value),
    priority: priority(field("priority").value),
  };
}

function tell() {
  const held = rows();
  const parts = strategy.value === "weighted" ? shares(held.map(read)) : held.map(() => null);
  for (const [place, { row }] of held.entries()) {
    const shown = row.querySelector("[data-share]");
    const text = parts[place] === null ? "—" : percent(parts[place]);
    if (shown && shown.textContent.trim() !== text) shown.textContent = text;
  }
}

function offer({ target }) {
  if (!/^targets-\d+-model$/.test(target.name ?? "")) return;
  const provider = form.elements.namedItem(target.name.replace(/model$/, "provider"));
  const name = provider.value.trim().toLowerCase();
  const lists = [...document.querySelectorAll("datalist[data-provider]")];
  const own = lists.find((list) => list.dataset.provider.toLowerCase() === name);
  target.setAttribute("list", own?.id ?? "models");
}

// Who may only look has no fields.
if (data && strategy?.options) {
  for (const happens of ["input", "change"]) form.addEventListener(happens, tell);
  // Rows that are added, removed or dragged.
  new MutationObserver(tell).observe(data, { childList: true });
  form.addEventListener("reset", () => setTimeout(tell));
  data.addEventListener("focusin", offer);
  tell();
}
