// The stretch of a curve that is shown: dragging over it zooms in, links and fields do the same by key, columns are chosen,
// and all of it is drawn in place. The address holds the stretch, so Back zooms out again.

import { bind } from "./keys.js";

const MARGIN = 8; // right of a drawing, in its own units; see issues/evidence/plot.py
const SMALLEST = 4; // units that are a drag and no click

const stretch = () => document.getElementById("stretch");

async function draw(address, { push = true } = {}) {
  stretch().ariaBusy = "true";
  const response = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
  const fresh = response?.ok ? document.createRange().createContextualFragment(await response.text()).getElementById("stretch") : null;
  if (!fresh) return location.assign(address);
  const focused = stretch().contains(document.activeElement) ? document.activeElement.id : "";
  fresh.querySelector("#numbers").open = stretch().querySelector("#numbers").open;
  stretch().replaceWith(fresh);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
  if (push) history.pushState(null, "", address);
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-stretch]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  if (link.href) draw(link.href);
});
document.addEventListener("submit", (event) => {
  if (!event.target.matches("#stretch form")) return;
  event.preventDefault();
  draw(`${location.pathname}?${new URLSearchParams(new FormData(event.target))}`);
});
document.addEventListener("change", ({ target }) => { if (target.matches("#stretch [name=column]")) target.form.requestSubmit(); });
addEventListener("popstate", () => { if (stretch()) draw(location.href, { push: false }); });

// Dragging

let drag = null; // {svg, from, band}

/** Where the pointer is, in units of the drawing. */
function place(svg, event) {
  const box = svg.getBoundingClientRect();
  const { width } = svg.viewBox.baseVal;
  return Math.min(width - MARGIN, Math.max(Number(svg.dataset.left), ((event.clientX - box.left) / box.width) * width));
}

function value(svg, x) {
  const [begin, end] = [Number(stretch().dataset.from), Number(stretch().dataset.to)];
  const left = Number(svg.dataset.left);
  return begin + ((x - left) / (svg.viewBox.baseVal.width - MARGIN - left)) * (end - begin);
}

function leave() {
  drag?.band.remove();
  drag = null;
}

document.addEventListener("pointerdown", (event) => {
  const svg = event.target.closest?.("[data-zoom] svg");
  if (!svg || event.button || event.pointerType === "touch") return; // a finger scrolls; the links zoom
  event.preventDefault();
  svg.setPointerCapture(event.pointerId);
  const band = document.createElementNS("http://www.w3.org/2000/svg", "rect");
  const from = place(svg, event);
  for (const [name, text] of Object.entries({ class: "chosen", x: from, y: 8, width: 0, height: svg.viewBox.baseVal.height - 32 })) band.setAttribute(name, text);
  svg.append(band);
  drag = { svg, from, band };
});
document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  const at = place(drag.svg, event);
  drag.band.setAttribute("x", Math.min(drag.from, at));
  drag.band.setAttribute("width", Math.abs(at - drag.from));
});
document.addEventListener("pointercancel", leave);
document.addEventListener("pointerup", (event) => {
  if (!drag) return;
  const { svg, from } = drag;
  const ends = [from, place(svg, event)].sort((a, b) => a - b);
  leave();
  if (ends[1] - ends[0] < SMALLEST) return;
  const address = new URL(location.href);
  address.searchParams.set("from", value(svg, ends[0]));
  address.searchParams.set("to", value(svg, ends[1]));
  draw(address);
});

// Keys

const group = "Plot";
const press = (keys, label, name) => bind({ keys, label, group, when: () => document.getElementById(`zoom-${name}`) !== null, run: () => document.getElementById(`zoom-${name}`).click() });
press(["+", "="], "Zoom in", "in");
press("-", "Zoom out", "out");
press("0", "Everything", "all");
press("Shift+ArrowLeft", "Earlier", "earlier");
press("Shift+ArrowRight", "Later", "later");
bind({ keys: "Escape", label: "Leave the drag", group, command: false, when: () => drag !== null, run: leave });
