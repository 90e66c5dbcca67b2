// A long list of models: a filter over it, and how many are ticked, whether they are shown or not.

const list = document.getElementById("models");
const tools = document.getElementById("models-tools");
const filter = document.getElementById("models-filter");
const count = document.getElementById("models-count");
const boxes = [...list.querySelectorAll("input[name=models]")];

function show() {
  const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
  let shown = 0;
  for (const box of boxes) {
    const name = box.value.toLowerCase();
    const matches = words.every((word) => name.includes(word));
    box.closest("[data-model]").hidden = !matches;
    shown += matches;
  }
  const ticked = boxes.filter((box) => box.checked).length;
  count.textContent = interpolate(gettext("%(shown)s of %(all)s shown, %(ticked)s ticked."), { shown, all: boxes.length, ticked }, true);
}

// Those that are shown: what the filter hides stays as it is ticked.
function tick(all) {
  for (const box of boxes) if (!box.closest("[data-model]").hidden) box.checked = all;
  show();
}

document.getElementById("models-all").addEventListener("click", () => tick(true));
document.getElementById("models-none").addEventListener("click", () => tick(false));
filter.addEventListener("input", show);
list.addEventListener("change", show);
// Enter in the filter is no wish to add anything.
filter.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
tools.hidden = false;
show();
