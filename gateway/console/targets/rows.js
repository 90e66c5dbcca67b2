// The rows of a profile's form: shares as the server tells them, models complete by their provider.

const form = document.getElementById("routingprofile_form");
const data = document.getElementById("targets-data");

function rows() {
  const weights = [...data.querySelectorAll('[name^="targets-"][name$="-weight"]')];
  return weights
    .filter(({ name }) => !name.includes("__prefix__"))
    .map((input) => ({
      prefix: input.name.replace(/-weight$/, ""),
      shown: input.closest(".form-group").querySelector("[data-share]"),
    }));
}

// What stands there was told of what was typed before; it stays until the next answer.
function wait() {
  for (const { shown } of rows()) shown?.setAttribute("data-waiting", "");
}

function tell({ detail: shares }) {
  for (const { prefix, shown } of rows()) {
    if (!shown) continue;
    const text = shares[prefix] || "—";
    if (shown.textContent.trim() !== text) shown.textContent = text;
    shown.removeAttribute("data-waiting");
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
if (data && form?.elements.namedItem("strategy")?.options) {
  for (const happens of ["input", "change", "reset"]) form.addEventListener(happens, wait);
  form.addEventListener("rehearsed", tell);
  // Rows that are added, removed or dragged change what will be saved as typing does.
  const changed = () => form.dispatchEvent(new Event("change"));
  new MutationObserver(changed).observe(data, { childList: true });
  data.addEventListener("focusin", offer);
}
