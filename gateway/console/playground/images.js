// Images waiting to be sent: chosen, pasted or dropped.

import { byId, element } from "./dom.js";

const TYPES = ["image/png", "image/jpeg", "image/gif", "image/webp"];

export class Images {
  #list = byId("play-images");
  #waiting = [];

  constructor(complain) {
    this.complain = complain;
    const composer = byId("play-composer");
    byId("play-attach").addEventListener("click", () => this.#choose());
    byId("play-text").addEventListener("paste", (event) => this.add(event.clipboardData.files));
    composer.addEventListener("dragover", (event) => {
      event.preventDefault();
      composer.classList.add("pm-over");
    });
    composer.addEventListener("dragleave", () => composer.classList.remove("pm-over"));
    composer.addEventListener("drop", (event) => {
      event.preventDefault();
      composer.classList.remove("pm-over");
      this.add(event.dataTransfer.files);
    });
  }

  get any() {
    return this.#waiting.length > 0;
  }

  // Hands the images over and forgets them.
  take() {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#show();
    return taken;
  }

  // The admin theme takes hold of file inputs that stand in the page, so this one does not.
  #choose() {
    const input = element("input", { type: "file", accept: TYPES.join(","), multiple: true });
    input.addEventListener("change", () => this.add(input.files));
    input.click();
  }

  async add(files) {
    for (const file of [...files]) {
      if (!TYPES.includes(file.type)) {
        this.complain(interpolate(gettext("%s is no PNG, JPEG, GIF or WebP image."), [file.name]));
        continue;
      }
      this.#waiting.push({ name: file.name, type: file.type, url: await dataUrl(file) });
    }
    this.#show();
  }

  #show() {
    this.#list.replaceChildren(
      ...this.#waiting.map((image, place) => {
        const remove = element(
          "button",
          { type: "button", class: "pm-button", "aria-label": interpolate(gettext("Remove %s"), [image.name]) },
          "✕",
        );
        remove.addEventListener("click", () => {
          this.#waiting.splice(place, 1);
          this.#show();
          byId("play-attach").focus();
        });
        return element("li", {}, element("img", { src: image.url, alt: image.name }), remove);
      }),
    );
  }
}

function dataUrl(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}
