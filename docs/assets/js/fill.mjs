/** Figures with steps fill in row by row when they are first seen, and again at the press of a button. What moves, and
    for whom, the style sheet says. */

const watcher = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      watcher.unobserve(target);
      fill(target);
    }
  },
  { threshold: 0.6 },
);

function fill(figure) {
  figure.classList.remove("filling");
  figure.getBoundingClientRect(); // or the browser would see no change, and not begin anew
  figure.classList.add("filling");
}

function prepare() {
  watcher.disconnect();
  for (const figure of document.querySelectorAll(".figure:has(.step):not(:has(.again))")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "again";
    button.textContent = "Fill it in again";
    button.addEventListener("click", () => fill(figure));
    figure.querySelector("figcaption").before(button);
    watcher.observe(figure);
  }
}

// With instant navigation the page is swapped in place; document$ tells of each new one.
if (globalThis.document$) document$.subscribe(prepare);
else prepare();
