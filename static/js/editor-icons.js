// Shapes that only the editor needs (Lucide, ISC: static/vendor/lucide.LICENSE); the others are on every page.

import { icon } from "./editor-dom.js";

const SHAPES = {
  "arrow-up": '<path d="m5 12 7-7 7 7"/><path d="M12 19V5"/>',
  "code": '<path d="m16 18 6-6-6-6"/><path d="m8 6-6 6 6 6"/>',
  "copy": '<rect width="14" height="14" x="8" y="8" rx="2" ry="2"/><path d="M4 16c-1.1 0-2-.9-2-2V4c0-1.1.9-2 2-2h10c1.1 0 2 .9 2 2"/>',
  "grip-vertical": '<circle cx="9" cy="12" r="1"/><circle cx="9" cy="5" r="1"/><circle cx="9" cy="19" r="1"/><circle cx="15" cy="12" r="1"/><circle cx="15" cy="5" r="1"/><circle cx="15" cy="19" r="1"/>',
  "hash": '<line x1="4" x2="20" y1="9" y2="9"/><line x1="4" x2="20" y1="15" y2="15"/><line x1="10" x2="8" y1="3" y2="21"/><line x1="16" x2="14" y1="3" y2="21"/>',
  "heading": '<path d="M6 12h12"/><path d="M6 20V4"/><path d="M18 20V4"/>',
  "list-checks": '<path d="M13 5h8"/><path d="M13 12h8"/><path d="M13 19h8"/><path d="m3 17 2 2 4-4"/><path d="m3 7 2 2 4-4"/>',
  "list-ordered": '<path d="M11 5h10"/><path d="M11 12h10"/><path d="M11 19h10"/><path d="M4 4h1v5"/><path d="M4 9h2"/><path d="M6.5 20H3.4c0-1 2.6-1.925 2.6-3.5a1.5 1.5 0 0 0-2.6-1.02"/>',
  "minus": '<path d="M5 12h14"/>',
  "pilcrow": '<path d="M13 4v16"/><path d="M17 4v16"/><path d="M19 4H9.5a4.5 4.5 0 0 0 0 9H13"/>',
  "quote": '<path d="M16 3a2 2 0 0 0-2 2v6a2 2 0 0 0 2 2 1 1 0 0 1 1 1v1a2 2 0 0 1-2 2 1 1 0 0 0-1 1v2a1 1 0 0 0 1 1 6 6 0 0 0 6-6V5a2 2 0 0 0-2-2z"/><path d="M5 3a2 2 0 0 0-2 2v6a2 2 0 0 0 2 2 1 1 0 0 1 1 1v1a2 2 0 0 1-2 2 1 1 0 0 0-1 1v2a1 1 0 0 0 1 1 6 6 0 0 0 6-6V5a2 2 0 0 0-2-2z"/>',
};

/** The icon of this name. */
export const symbol = (name) => icon(shape(name));

/** The id of a shape, which is put into the page when it is wanted first. */
export function shape(name) {
  const id = `i-${name}`;
  if (SHAPES[name] && !document.getElementById(id))
    // At the beginning, as the others: at the end even what has no size would make the window scroll.
    document.body.insertAdjacentHTML("afterbegin", `<svg width="0" height="0" class="vh" aria-hidden="true"><symbol id="${id}" viewBox="0 0 24 24">${SHAPES[name]}</symbol></svg>`);
  return id;
}
