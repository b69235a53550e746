/** What all elements have in common: the picture that was made at build stands in them until they run. */

import { make } from "./make.mjs";

/** A subclass has begin(), which fills `body` when the element comes onto a page, and stop(), when it is to end all work. */
export class PageElement extends HTMLElement {
  connectedCallback() {
    this.body = make("div", { class: "body" });
    this.ui = make("div", { class: "widget" }, this.body);
    this.prepend(this.ui);
    this.begin();
  }

  disconnectedCallback() {
    this.stop();
    this.classList.remove("running");
    this.ui.remove();
  }

  /** From now on it stands in the place of its picture. */
  run() {
    this.classList.add("running");
  }

  get isRunning() {
    return this.classList.contains("running");
  }

  stop() {}
}
