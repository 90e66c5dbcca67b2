// Passkeys: asks the service what the browser is to make or to sign, and sends what it answered.
//
// `<form data-passkey="/path of the options">` is shown where browsers have passkeys: on a page
// that is reached by name, over HTTPS or on localhost. Its `[data-told]` says what went wrong.

const { webauthnJSON } = window;
const byAddress = /^(\[|[\d.]+$)/.test(location.hostname);
const offered = window.isSecureContext && !byAddress && Boolean(webauthnJSON?.supported());

async function options(form) {
  const answer = await fetch(form.dataset.passkey, { method: "POST", body: new FormData(form) });
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(said.error ?? form.dataset.failed);
  return said;
}

async function ask(form) {
  const told = form.querySelector("[data-told]");
  told.textContent = "";
  try {
    const wanted = await options(form);
    const made = await (wanted.publicKey.user ? webauthnJSON.create : webauthnJSON.get)(wanted);
    form.elements.credential.value = JSON.stringify(made);
    form.submit();
  } catch (error) {
    told.textContent = error instanceof DOMException ? form.dataset.failed : error.message;
  }
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  form.hidden = !offered;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    ask(form);
  });
}
