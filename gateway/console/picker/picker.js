// Fields that search on the server while somebody types: ARIA comboboxes over `data-pick`.
//
// With `data-pick-free` the field keeps what is typed and only offers completions. Else it shows the
// name of what is chosen, and a hidden field sends its value.

const PATIENCE = 150; // Milliseconds without a key before the server is asked.
let count = 0;

class Picker {
  constructor(field) {
    this.free = field.hasAttribute("data-pick-free");
    this.field = this.free ? field : this.#twin(field);
    this.sent = field;
    this.url = field.dataset.pick;
    this.beside = field.dataset.pickBeside;
    this.options = [];
    this.active = -1;
    this.#makeList();
    this.#listen();
  }

  // The field that is seen: it takes over the id, so that labels lead to it.
  #twin(field) {
    const seen = field.cloneNode();
    seen.removeAttribute("name");
    seen.value = field.dataset.pickLabel || field.value;
    for (const name of ["data-pick", "data-pick-label"]) seen.removeAttribute(name);
    field.removeAttribute("id");
    field.removeAttribute("form");
    field.type = "hidden";
    field.after(seen);
    return seen;
  }

  #makeList() {
    this.list = document.createElement("ul");
    this.list.id = `pick-${(count += 1)}`;
    this.list.className = "pm-pick-list";
    this.list.setAttribute("role", "listbox");
    this.list.popover = "manual";
    this.field.after(this.list);
    const attributes = {
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": this.list.id,
    };
    for (const [name, value] of Object.entries(attributes)) this.field.setAttribute(name, value);
    this.field.removeAttribute("list");
  }

  #listen() {
    const { field, list } = this;
    // What was there already is no question: the field offers everything until somebody types.
    field.addEventListener("focus", () => {
      if (this.free) this.shown = field.value;
    });
    field.addEventListener("input", () => this.#soon());
    field.addEventListener("click", () => this.#soon(0));
    field.addEventListener("keydown", (event) => this.#key(event));
    field.addEventListener("blur", () => this.#leave());
    list.addEventListener("mousedown", (event) => event.preventDefault());
    list.addEventListener("click", ({ target }) => {
      const place = [...list.children].indexOf(target.closest("[role=option]"));
      if (place >= 0) this.#choose(place);
    });
  }

  #soon(wait = PATIENCE) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#ask(), wait);
  }

  async #ask() {
    this.asking?.abort();
    this.asking = new AbortController();
    const url = new URL(this.url, location.href);
    const chosen = this.field.value === this.shown;
    url.searchParams.set("q", chosen ? "" : this.field.value.trim());
    if (this.beside) url.searchParams.set(this.beside, this.#neighbour()?.value ?? "");
    try {
      const answer = await fetch(url, { signal: this.asking.signal });
      if (!answer.ok || answer.redirected) return;
      const { options, more } = await answer.json();
      if (document.activeElement === this.field) this.#show(options, more);
    } catch (problem) {
      if (problem.name !== "AbortError") this.#show([], false, gettext("The service does not answer."));
    }
  }

  // The field of the same row: `targets-3-provider` beside `targets-3-model`.
  #neighbour() {
    const name = this.field.name.replace(/[^-]*$/, this.beside);
    return this.field.form?.elements.namedItem(name);
  }

  #show(options, more, words = "") {
    this.options = options;
    const shown = options.map(({ label, detail }, place) => {
      const item = document.createElement("li");
      item.id = `${this.list.id}-${place}`;
      item.setAttribute("role", "option");
      item.append(label);
      if (detail) {
        const beside = document.createElement("span");
        beside.className = "pm-pick-detail";
        beside.textContent = detail;
        item.append(beside);
      }
      return item;
    });
    const note = words || (more ? this.list.dataset.more ?? gettext("Type on to find more.") : "");
    if (note || !options.length) {
      const last = document.createElement("li");
      last.className = "pm-pick-note";
      last.setAttribute("role", "presentation");
      last.textContent = note || (this.free ? gettext("No suggestion.") : gettext("Nothing found."));
      shown.push(last);
    }
    this.list.replaceChildren(...shown);
    this.#mark(-1);
    this.#open();
  }

  #open() {
    const { bottom, left, width } = this.field.getBoundingClientRect();
    this.list.style.minWidth = `${width}px`;
    if (!this.list.matches(":popover-open")) this.list.showPopover();
    const height = this.list.offsetHeight;
    const above = bottom + height > innerHeight && this.field.getBoundingClientRect().top > height;
    this.list.style.left = `${Math.max(4, Math.min(left, innerWidth - this.list.offsetWidth - 4))}px`;
    this.list.style.top = above
      ? `${this.field.getBoundingClientRect().top - height - 2}px`
      : `${bottom + 2}px`;
    this.field.setAttribute("aria-expanded", "true");
  }

  close() {
    clearTimeout(this.timer);
    this.asking?.abort();
    if (this.list.matches(":popover-open")) this.list.hidePopover();
    this.field.setAttribute("aria-expanded", "false");
    this.field.removeAttribute("aria-activedescendant");
  }

  #mark(place) {
    this.active = place;
    for (const [number, item] of [...this.list.querySelectorAll("[role=option]")].entries()) {
      item.setAttribute("aria-selected", String(number === place));
      if (number === place) item.scrollIntoView({ block: "nearest" });
    }
    if (place < 0) this.field.removeAttribute("aria-activedescendant");
    else this.field.setAttribute("aria-activedescendant", `${this.list.id}-${place}`);
  }

  #key(event) {
    const open = this.list.matches(":popover-open");
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      if (!open) this.#soon(0);
      else if (this.options.length) {
        const size = this.options.length;
        this.#mark(this.active < 0 && step < 0 ? size - 1 : (this.active + step + size) % size);
      }
    } else if (event.key === "Enter" && open && this.active >= 0) {
      event.preventDefault();
      this.#choose(this.active);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      this.close();
    }
  }

  #choose(place) {
    const { value, label } = this.options[place];
    this.#set(value, this.free ? value : label);
    this.close();
  }

  #set(value, shown) {
    this.field.value = shown;
    this.shown = shown;
    this.sent.value = value;
    this.sent.dispatchEvent(new Event("change", { bubbles: true }));
    if (this.free) {
      this.field.dispatchEvent(new Event("input", { bubbles: true }));
      clearTimeout(this.timer);
    }
  }

  // What names nothing is no choice: the field says again what it sends.
  #leave() {
    this.close();
    if (this.free || this.field.value === this.shown) return;
    if (!this.field.value.trim()) this.#set("", "");
    else {
      const exact = this.options.find(({ label }) => label === this.field.value.trim());
      if (exact) this.#set(exact.value, exact.label);
      else this.field.value = this.shown ?? "";
    }
  }
}

function enhance(root) {
  for (const field of root.querySelectorAll("input[data-pick]")) {
    if (field.closest("template") || field.dataset.picking) continue;
    field.dataset.picking = "yes";
    const picker = new Picker(field);
    picker.shown = picker.field.value;
  }
}

enhance(document);
new MutationObserver((changes) => {
  for (const { addedNodes } of changes) {
    for (const node of addedNodes) if (node.querySelectorAll) enhance(node.parentElement ?? node);
  }
}).observe(document.body, { childList: true, subtree: true });
