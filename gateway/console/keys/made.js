// Things to copy: a key, which is chosen whole when it is touched, and code.

const secret = document.getElementById("secret");
secret?.addEventListener("focus", () => secret.select());

// Pages that are not served over TLS or from this machine have no clipboard of their own.
async function copy(place) {
  const text = place.value ?? place.textContent;
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  if (place.select) place.select();
  else getSelection().selectAllChildren(place);
  document.execCommand("copy");
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    await copy(document.getElementById(button.dataset.copy));
    const said = document.getElementById("copied");
    if (said) said.textContent = said.dataset.words;
    const words = button.textContent;
    button.textContent = "✓";
    setTimeout(() => (button.textContent = words), 1500);
  });
}
