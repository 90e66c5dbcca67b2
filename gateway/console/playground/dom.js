// Elements without markup in strings: whatever models say stays text.

export const byId = (id) => document.getElementById(id);

// `element("p", { class: "pm-text", hidden: true }, "text", child)`.
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(name, "");
    else if (value !== false && value !== null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}
