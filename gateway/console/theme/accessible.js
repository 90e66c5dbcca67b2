// Makes the theme's own controls usable by keyboard and readable aloud.

document.addEventListener("DOMContentLoaded", () => {
  const names = {
    alt_route: gettext("Dashboard"),
    arrow_back: gettext("Back"),
    close: gettext("Close"),
    dock_to_right: gettext("Side bar"),
    unfold_more: gettext("More"),
  };
  const named = (icon) => names[icon] ?? icon.replaceAll("_", " ");
  const native = "a[href], button, input, select, textarea, summary, label, form";

  // Icons are letters to a reader: "history" before "Revisions" is not meant to be read. Where there
  // is nothing but an icon, its words are all there is.
  function hideIcons(root) {
    for (const icon of root.querySelectorAll(".material-symbols-outlined:not([role])")) {
      icon.setAttribute("aria-hidden", "true");
      const holder = icon.closest("a, button");
      const words = icon.textContent.trim();
      const alone = holder && holder.textContent.trim() === words;
      if (alone && !holder.title && !holder.hasAttribute("aria-label")) {
        holder.setAttribute("aria-label", named(words));
      }
    }
  }

  // What only listens to clicks becomes a button.
  function makeButtons(root) {
    for (const one of root.querySelectorAll("[x-on\\:click], .delete-template")) {
      if (one.matches(native) || one.hasAttribute("role")) continue;
      // Rows yet to be added are copies of this one, and copies do not listen.
      if (one.closest(".empty-form")) continue;
      one.setAttribute("role", "button");
      one.tabIndex = 0;
      const icon = one.matches(".material-symbols-outlined")
        ? one
        : one.querySelector(".material-symbols-outlined");
      if (!one.textContent.trim()) one.setAttribute("aria-label", gettext("Close"));
      if (icon && one.textContent.trim() === icon.textContent.trim()) {
        one.setAttribute("aria-label", named(icon.textContent.trim()));
      }
      one.addEventListener("keydown", (event) => {
        if (event.target !== one || (event.key !== "Enter" && event.key !== " ")) return;
        event.preventDefault();
        one.click();
      });
    }
  }

  // The box behind the bin of a row has no words but the icon's.
  function nameBins(root) {
    for (const box of root.querySelectorAll("input.delete")) box.setAttribute("aria-label", gettext("Delete"));
  }

  // A field with completion is named by its label, also while nothing is chosen.
  function nameFields(root) {
    for (const field of root.querySelectorAll(".select2-selection[role=combobox]")) {
      const select = field.closest(".select2-container")?.previousElementSibling;
      const label = select?.id && document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
      if (!label) continue;
      label.id ||= `${select.id}-label`;
      const held = field.getAttribute("aria-labelledby") ?? "";
      if (held.includes(label.id)) continue;
      field.setAttribute("aria-labelledby", `${label.id} ${held}`);
      for (const part of field.querySelectorAll("[role=textbox], [role=searchbox]")) part.setAttribute("aria-labelledby", label.id);
    }
  }

  // An error in a closed part of a form would be told nowhere; the first one is where work goes on.
  function showErrors() {
    for (const wrong of document.querySelectorAll("details .errors")) {
      for (let part = wrong.closest("details"); part; part = part.parentElement.closest("details")) {
        part.open = true;
      }
    }
    document.querySelector(".errors :is(input, select, textarea):not([type=hidden])")?.focus();
  }

  // Two regions of one name cannot be told apart.
  function nameScrollers() {
    for (const [place, one] of document.querySelectorAll(".simplebar-content-wrapper").entries()) {
      const inside = one.closest("[data-simplebar]")?.querySelector("nav, table, ul");
      const name = inside?.getAttribute("aria-label") ?? inside?.id ?? "";
      const words = `${name || gettext("scrollable content")} ${place + 1}`;
      if (one.getAttribute("aria-label") !== words) one.setAttribute("aria-label", words);
    }
  }

  function tend(root) {
    nameScrollers();
    makeButtons(root);
    hideIcons(root);
    nameFields(root);
    nameBins(root);
  }

  tend(document);
  showErrors();
  new MutationObserver((changes) => {
    for (const { addedNodes } of changes) {
      for (const node of addedNodes) if (node.parentElement) tend(node.parentElement);
    }
  }).observe(document.body, { childList: true, subtree: true });
});
