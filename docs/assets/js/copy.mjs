/** The copy buttons below each block. Without JavaScript they stay hidden, and nothing else is lost. */

async function copy(event) {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const status = button.parentElement.querySelector("[role=status]");
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
    status.textContent = "Copied";
  } catch {
    status.textContent = "The browser refused; select the code and copy it by hand";
  }
  setTimeout(() => (status.textContent = ""), 4000);
}

function show() {
  for (const box of document.querySelectorAll(".copy[hidden]")) {
    const status = document.createElement("span");
    status.setAttribute("role", "status");
    box.append(status);
    box.hidden = false;
  }
}

document.addEventListener("click", copy);
// With instant navigation the page is swapped in place; document$ tells of each new one.
if (globalThis.document$) document$.subscribe(show);
else show();
