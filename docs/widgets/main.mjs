/** The elements in which a reader tries the models. The code of one is loaded when it is nearly in view. */

const MODULES = {
  "attention-grid": "attention",
  "average-three-ways": "by-hand",
  "mask-and-scale": "by-hand",
  "softmax-bars": "by-hand",
  "stage-ladder": "writing",
  "text-triangle": "attention",
  "train-live": "train-live",
  "triangle-grow": "writing",
};
const NAMES = Object.keys(MODULES);
const NEAR = "600px";

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      load(target.localName);
    }
  },
  { rootMargin: NEAR },
);

let styles;

/** The style sheet is asked for first, and is shorter: an element hardly ever stands there without it. */
function load(name) {
  if (!styles) {
    const { href } = new URL("../assets/css/widgets.css", import.meta.url);
    styles = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
    document.head.append(styles);
  }
  import(`./${MODULES[name]}.mjs`);
  // What its modules would ask for in their turn, one after the other, is asked for at once.
  if (!document.querySelector(`${name}[model]`)) return;
  import("./lib/model.mjs");
  import("./models.mjs");
}

function watch() {
  watcher.disconnect();
  for (const element of document.querySelectorAll(NAMES.join())) watcher.observe(element);
  follow();
}

/** An address that is one element's, `#mask-and-scale?…`, brings the reader to it, wherever it stands. */
function follow() {
  const name = NAMES.find((each) => location.hash.startsWith(`#${each}?`));
  if (name && document.querySelector(name)) load(name);
}

addEventListener("hashchange", follow);

// With instant navigation the page is swapped in place; document$ tells of each new one.
if (globalThis.document$) document$.subscribe(watch);
else watch();
