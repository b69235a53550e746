/* The search and its index weigh as much as a page: they load once the reader goes to the search, or comes from it.
   This runs before the theme's script, which would load both at once; where it finds nothing to put off, nothing changes. */

(() => {
  const wanted = new Promise((begin) => {
    if (new URLSearchParams(location.search).has("h")) begin();
    addEventListener("focusin", ({ target }) => target.matches("[data-md-component=search-query]") && begin());
  });

  const { open, send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.open = function (method, url, ...rest) {
    this.late = String(url).endsWith("search/search_index.json");
    open.call(this, method, url, ...rest);
  };
  XMLHttpRequest.prototype.send = function (body) {
    if (this.late) wanted.then(() => send.call(this, body));
    else send.call(this, body);
  };

  /* The index is the first message that the theme's worker gets. A worker of ours is a module, and is as it is. */
  const Early = Worker;
  globalThis.Worker = class extends EventTarget {
    constructor(url, options) {
      super();
      if (options) return new Early(url, options);
      this.url = url;
    }

    begin() {
      const worker = new Early(this.url);
      worker.onmessage = ({ data }) => this.dispatchEvent(new MessageEvent("message", { data }));
      return worker;
    }

    postMessage(message) {
      this.worker ??= this.begin();
      this.worker.postMessage(message);
    }
  };
})();
