// The counts beside the saved views: asked for once the page is there, and again when somebody changed an issue. And their names.

import { onChange } from "./live.js";

const QUIET = 2000; // milliseconds between two questions, however much changes
const places = () => document.querySelectorAll("[data-view-count]");
let waiting = null;

async function count() {
  waiting = null;
  if (document.hidden) { document.addEventListener("visibilitychange", soon, { once: true }); return; }
  const response = await fetch("/views/counts", { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok) return;
  const counts = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const place of places()) {
    const text = counts.querySelector(`[data-view="${place.dataset.viewCount}"]`)?.textContent ?? "";
    if (place.textContent !== text) place.textContent = text;
  }
}

const soon = () => { waiting ??= setTimeout(count, QUIET); };

// "Rename" opens with the name ready to be typed over.
document.addEventListener("toggle", ({ target }) => { if (target.matches?.(".rename[open]")) target.querySelector(".input").select(); }, true);

if (places().length) {
  count();
  onChange(soon);
}
