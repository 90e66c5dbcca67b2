// The conversation as code to copy.

import { byId } from "./dom.js";

// Asks the service to write `order` as code, and shows it.
export async function showCode(url, token, order) {
  const answer = await fetch(url, {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(order),
  });
  if (!answer.ok) return;
  const { curl, python } = await answer.json();
  byId("play-curl").textContent = curl;
  byId("play-python").textContent = python;
}

export function copyButtons(say) {
  for (const button of document.querySelectorAll("[data-copy]")) {
    button.addEventListener("click", async () => {
      await copy(byId(button.dataset.copy));
      say(gettext("Copied."));
    });
  }
}

// Pages that are not served over TLS or from this machine have no clipboard of their own.
async function copy(place) {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(place.textContent);
    return;
  }
  getSelection().selectAllChildren(place);
  document.execCommand("copy");
}
