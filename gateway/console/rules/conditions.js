// Another row for a condition, without saving first.

for (const group of document.querySelectorAll("[data-conditions-of]")) {
  const add = group.querySelector("[data-add-condition]");
  add.hidden = false;
  add.addEventListener("click", () => {
    const rows = group.querySelectorAll("[data-condition]");
    const row = rows[rows.length - 1].cloneNode(true);
    const number = rows.length + 1;
    for (const field of row.querySelectorAll("select, input")) {
      field.value = "";
      field.removeAttribute("id");
      for (const option of field.options ?? []) option.defaultSelected = false;
      field.setAttribute("aria-label", field.dataset.label.replace("0", number));
    }
    add.before(row);
    row.querySelector("select").focus();
  });
}
