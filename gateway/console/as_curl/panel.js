// Under every form: what it would save, as a call of the REST API.

const template = document.getElementById("as-curl");
const form = document.getElementById(template?.dataset.form);

async function write(box) {
  const place = box.querySelector("pre");
  const data = new FormData(form);
  data.append("curl-existing", box.dataset.existing);
  try {
    const headers = { "X-Requested-With": "fetch" };
    const answer = await fetch(box.dataset.url, { method: "POST", body: data, headers });
    const told = await answer.json();
    place.textContent = told.curl ?? told.problems.join("\n");
  } catch {
    place.textContent = box.dataset.away;
  }
}

if (template && form) {
  const box = template.content.firstElementChild.cloneNode(true);
  form.append(box);
  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    if (box.open) waiting = setTimeout(() => write(box), 300);
  };
  box.addEventListener("toggle", soon);
  for (const happens of ["input", "change"]) form.addEventListener(happens, soon);
}
