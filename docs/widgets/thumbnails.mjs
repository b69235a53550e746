/** A small picture of every head of every layer, of which one is chosen. */

import { make } from "./make.mjs";
import { Picture } from "./picture.mjs";

export class Thumbnails {
  /** @param {(layer: number, head: number) => void} onchoice */
  constructor(onchoice) {
    this.onchoice = onchoice;
    this.element = make("div", { class: "thumbnails" });
  }

  /** Begins with the heads of another model: a row for each layer. One head by itself needs no picture.
   *
   * @param {object[][]} heads of each layer
   * @param {import("./picture.mjs").Shades} shades
   * @param {number} contextLength
   */
  show(heads, shades, contextLength) {
    const several = heads.length > 1;
    const layers = heads.map((row, layer) =>
      row.map((head, number) => {
        const picture = new Picture(shades, contextLength);
        const label = several ? `Layer ${layer + 1}, head ${number + 1}` : `Head ${number + 1}`;
        const onclick = () => this.onchoice(layer, number);
        const button = make("button", { type: "button", "aria-label": label, onclick }, picture.canvas);
        return { head, picture, button };
      }),
    );
    this.element.hidden = heads.flat().length < 2;
    this.thumbnails = this.element.hidden ? [] : layers.flat();
    this.element.replaceChildren(
      ...layers.map((row, layer) => {
        const name = several ? [make("span", { class: "hint" }, `Layer ${layer + 1}`)] : [];
        return make("div", {}, ...name, ...row.map(({ button }) => button));
      }),
    );
  }

  choose(chosen) {
    for (const { head, button } of this.thumbnails) button.setAttribute("aria-pressed", String(head === chosen));
  }

  draw() {
    this.element.hidden = !this.thumbnails.length || !this.thumbnails[0].head.weights.length;
    for (const { head, picture } of this.thumbnails) picture.draw(head.weights);
  }

  repaint() {
    for (const { picture } of this.thumbnails) picture.repaint();
  }
}
