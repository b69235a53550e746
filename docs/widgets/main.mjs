/** The elements in which a reader tries the models. A page that has none of them loads none of their code. */

const NAMES = ["attention-grid"];

function define() {
  for (const name of NAMES) {
    if (document.querySelector(name)) import(`./${name}.mjs`);
  }
}

// With instant navigation the page is swapped in place; document$ tells of each new one.
if (globalThis.document$) document$.subscribe(define);
else define();
