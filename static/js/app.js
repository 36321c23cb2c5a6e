// What every page does with script on. Without script everything works by forms and links.

import "./live.js";
import "./toast.js";
import "./views.js";
import { MENUS, bind, whenLoaded } from "./keys.js";

export { fillAges } from "./ages.js";

const group = "Anywhere";
const address = (place) => document.querySelector(`[data-go="${place}"]`)?.href;
const go = (keys, label, place) => bind({ keys, label, group, when: () => Boolean(address(place)), run: () => location.assign(address(place)) });
const openPalette = () => whenLoaded(Promise.all([import("./palette.js"), style("palette")]), ([palette]) => palette.openPalette());
const openHelp = () => Promise.all([import("./help.js"), style("help")]).then(([help]) => help.openHelp());

/** The style sheet of an overlay, which pages do without until it is opened. */
function style(overlay) {
  const { style: href } = document.querySelector(`[data-overlay="${overlay}"]`).dataset;
  if (document.querySelector(`link[href="${href}"]`)) return null;
  const link = document.createElement("link");
  const loaded = new Promise((done) => { link.onload = link.onerror = done; });
  Object.assign(link, { rel: "stylesheet", href });
  document.head.append(link);
  return loaded;
}

bind({ keys: "Control+k", label: "Search or run a command", group, command: false, run: openPalette });
bind({ keys: "/", label: "Search this view", group, when: () => document.getElementById("q") !== null, run: () => document.getElementById("q").select() });
go("n", "New issue", "new");
go("g b", "Go to board", "board");
go("g l", "Go to list", "list");
go("g t", "Go to untriaged", "untriaged");
go("g m", "Go to metrics", "metrics");
bind({ keys: "?", label: "This help", group, run: openHelp });
if (document.getElementById("single-keys")) import("./help.js");
if (document.querySelector("input[type=file]")) import("./limit.js");
if (document.querySelector("textarea[data-editor]")) import("./editing.js").then(({ startEditors }) => startEditors(document));

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-overlay]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  if (link.dataset.overlay === "palette") openPalette();
  else openHelp();
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea") && event.target.form) {
    event.preventDefault();
    event.target.form.requestSubmit();
  }
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    event.preventDefault();
    const details = document.getElementById(opener.dataset.opens);
    opener.closest("details")?.removeAttribute("open");
    details.open = true;
    details.querySelector("textarea").focus();
  }
  for (const menu of document.querySelectorAll(MENUS))
    if (!menu.contains(event.target)) menu.open = false;
});
