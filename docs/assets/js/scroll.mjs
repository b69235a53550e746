/** Boxes that may scroll are stops of the Tab key; one that shows all it holds need not be. */

const watcher = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    if (target.scrollWidth > target.clientWidth) target.setAttribute("tabindex", "0");
    else target.removeAttribute("tabindex");
  }
});

function watch() {
  watcher.disconnect();
  for (const box of document.querySelectorAll(".scrolls")) watcher.observe(box);
}

// With instant navigation the page is swapped in place; document$ tells of each new one.
if (globalThis.document$) document$.subscribe(watch);
else watch();
