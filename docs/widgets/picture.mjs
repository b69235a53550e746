/** An attention matrix drawn as pixels, one for each weight; the style sheet makes them larger, and hatches the rest. */

import { make } from "./make.mjs";
import { fullness } from "./words.mjs";

const SHADES = 256;

/** The colours of weights from 0 to 1 in the palette of the moment, each as the four bytes of a pixel. */
export class Shades {
  /** @param {() => void} onchange is called when the reader has switched the palette: what is drawn does not follow it */
  constructor(onchange) {
    this.observer = new MutationObserver(() => {
      this.read();
      onchange();
    });
    this.observer.observe(document.body, { attributes: true, attributeFilter: ["data-md-color-scheme"] });
    this.read();
  }

  stop() {
    this.observer.disconnect();
  }

  read() {
    const style = getComputedStyle(document.body);
    const [ground, colour] = ["--md-default-bg-color", "--lt-weight"].map((name) => bytesOf(style.getPropertyValue(name)));
    const bytes = Array.from({ length: SHADES }, (_, shade) => {
      const share = fullness(shade / (SHADES - 1));
      return colour.map((part, i) => part * share + ground[i] * (1 - share));
    });
    this.pixels = new Uint32Array(Uint8ClampedArray.from(bytes.flat()).buffer);
  }

  of(weight) {
    return this.pixels[Math.round(weight * (SHADES - 1))];
  }
}

/** A colour as red, green, blue and opacity. */
function bytesOf(colour) {
  const context = make("canvas").getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data];
}

export class Picture {
  /**
   * @param {Shades} shades
   * @param {number} contextLength as many rows as there will ever be
   */
  constructor(shades, contextLength) {
    this.shades = shades;
    this.canvas = make("canvas", { "aria-hidden": "true", width: 1, height: 1 });
    this.image = new ImageData(contextLength, contextLength);
    this.pixels = new Uint32Array(this.image.data.buffer);
    this.rows = [];
  }

  /** Shows rows of weights; only those that are others than before are drawn.
   *
   * @param {Float32Array[]} weights row t of t + 1 weights; a reading makes new rows of what it reads anew
   */
  draw(weights) {
    const { width } = this.image;
    for (let t = 0; t < weights.length; t++) {
      if (weights[t] !== this.rows[t]) weights[t].forEach((weight, s) => (this.pixels[t * width + s] = this.shades.of(weight)));
    }
    this.rows = [...weights];
    // As large as the text is: what an older, longer one has left lies outside.
    this.canvas.width = this.canvas.height = Math.max(1, weights.length);
    this.canvas.getContext("2d").putImageData(this.image, 0, 0);
  }

  /** Draws all again, in other colours. */
  repaint() {
    const { rows } = this;
    this.rows = [];
    this.draw(rows);
  }
}
