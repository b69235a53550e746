/* A link to another place on the same page needs no other page: the theme would fetch the page anew and swap it, and
   who goes on by keyboard in between would lose their place. This runs before the theme's script, which hears nothing of
   such a step; going back and forth it hears of as ever. */

(() => {
  let followed;
  addEventListener("click", ({ target }) => (followed = target.closest?.("a[href*='#']")?.href), { capture: true });
  addEventListener("popstate", (event) => {
    if (location.href === followed) event.stopImmediatePropagation();
    followed = undefined;
  });
})();
