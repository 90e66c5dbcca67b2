// Counts last week's requests by the limit as it is typed.

const button = document.getElementById("limit-replay");
const result = document.getElementById("limit-replay-result");

button.addEventListener("click", async () => {
  const data = new FormData(document.getElementById(button.dataset.form));
  data.append("replay-existing", button.dataset.existing);
  button.disabled = true;
  try {
    const answer = await fetch(button.dataset.url, { method: "POST", body: data });
    if (!answer.ok || answer.redirected) throw new Error();
    result.innerHTML = await answer.text();
  } catch {
    result.textContent = button.dataset.lost;
  } finally {
    button.disabled = false;
  }
});
