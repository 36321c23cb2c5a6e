// Pictures open large over the page: arrow keys go from one to the next, Esc closes, and the focus goes back to the file.
// Without script the same links open the file's own page.

let built = null, box = null, links = [], at = 0, opener = null;

/** The box, and the style sheet that pages do without until a picture is opened. */
async function build() {
  const piece = document.getElementById("lightbox-style").content.cloneNode(true);
  const style = piece.firstElementChild;
  const ready = new Promise((done) => { style.onload = style.onerror = done; });
  document.head.append(style);
  box = document.createElement("dialog");
  box.className = "lightbox";
  box.setAttribute("aria-labelledby", "lightbox-name");
  box.innerHTML = `<header class="row"><h2 class="cut" id="lightbox-name"></h2><span class="num muted xs" role="status"></span><span class="grow"></span>
    <a class="btn sm" data-page>Open file</a><button type="button" class="btn ghost icon" data-close aria-label="Close"><svg class="i" aria-hidden="true"><use href="#i-x"/></svg></button></header>
    <div class="stage"><button type="button" class="btn icon" data-by="-1" aria-label="Previous picture"><svg class="i" aria-hidden="true"><use href="#i-chevron-left"/></svg></button><img alt=""><p class="muted" hidden>This picture cannot be shown here.</p><button type="button" class="btn icon" data-by="1" aria-label="Next picture"><svg class="i" aria-hidden="true"><use href="#i-chevron-right"/></svg></button></div>`;
  document.body.append(box);
  box.addEventListener("click", (event) => {
    const by = event.target.closest("[data-by]");
    if (by) show(at + Number(by.dataset.by));
    else if (event.target === box || event.target.closest("[data-close]")) box.close();
  });
  box.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: links.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    show(to);
  });
  // What was opened may have been merged anew meanwhile: the same file, then.
  box.addEventListener("close", () => (opener.isConnected ? opener : document.querySelector(`a[data-image="${CSS.escape(opener.dataset.image)}"]`))?.focus());
  const picture = box.querySelector("img");
  picture.addEventListener("error", () => { picture.hidden = true; box.querySelector(".stage p").hidden = false; });
  await ready;
}

function show(to) {
  if (to < 0 || to >= links.length) return;
  at = to;
  const { href, image, name } = links[at];
  const picture = box.querySelector("img");
  picture.hidden = false;
  box.querySelector(".stage p").hidden = true;
  Object.assign(picture, { src: image, alt: name });
  box.querySelector("h2").textContent = name;
  box.querySelector("[role=status]").textContent = links.length > 1 ? `${at + 1} of ${links.length}` : "";
  box.querySelector("[data-page]").href = href;
  for (const button of box.querySelectorAll("[data-by]")) {
    const possible = links[at + Number(button.dataset.by)] !== undefined;
    if (!possible && button === document.activeElement) box.querySelector("[data-close]").focus();
    button.hidden = links.length < 2;
    button.disabled = !possible;
  }
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest?.("a[data-image]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const all = [...document.querySelectorAll("a[data-image]")].map((one) => ({ href: one.href, image: one.dataset.image, name: one.title || one.textContent.trim() }));
  links = all.filter((one, n) => all.findIndex((other) => other.image === one.image) === n);
  opener = link;
  built ??= build();
  await built;
  show(links.findIndex((one) => one.image === link.dataset.image));
  box.showModal();
});
