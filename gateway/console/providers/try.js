// Tests a provider as it stands in its form, beside the key, before it is saved.

const form = document.getElementById("provider_form");
const template = document.getElementById("try-template");

function said(tone, text) {
  const line = document.createElement("p");
  line.className = `pm-note pm-${tone} pm-try-words`;
  line.textContent = text;
  return line;
}

// What it lists can be kept at once: the lines of the field "Models".
function offer(result, names) {
  const field = form.elements.namedItem("models");
  if (!field || !names.length) return [];
  const button = document.createElement("button");
  button.type = "button";
  button.className = "pm-button";
  button.textContent = result.dataset.all.replace("%s", names.length);
  button.addEventListener("click", () => {
    const held = field.value.split("\n").map((one) => one.trim()).filter(Boolean);
    field.value = [...new Set([...held, ...names])].join("\n");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    button.remove();
  });
  return [button];
}

async function attempt(box, button) {
  const result = box.querySelector("[data-try-result]");
  const data = new FormData(form);
  data.append("try-existing", box.dataset.existing);
  button.disabled = true;
  result.replaceChildren(said("quiet", result.dataset.waiting));
  try {
    const headers = { "X-Requested-With": "fetch" };
    const answer = await fetch(box.dataset.try, { method: "POST", body: data, headers });
    const told = await answer.json();
    if (told.ok) result.replaceChildren(said("good", told.words), ...offer(result, told.models));
    else result.replaceChildren(...told.problems.map((one) => said("bad", one)));
  } catch {
    result.replaceChildren(said("bad", result.dataset.away));
  }
  button.disabled = false;
}

if (template && form) {
  const beside = form.elements.namedItem("api_key") ?? form.elements.namedItem("base_url");
  const line = beside?.closest(".field-line, .form-row, .flex.flex-col") ?? beside?.parentElement;
  const box = template.content.firstElementChild.cloneNode(true);
  line?.append(box);
  const button = box.querySelector("[data-try-button]");
  button.addEventListener("click", () => attempt(box, button));
}
