// What every page does with script on. Without script everything works by forms and links.

import "./limit.js";
import "./live.js";
import "./toast.js";
import "./views.js";
import { MENUS, bind } from "./keys.js";
import { openPalette } from "./palette.js";

export { fillAges } from "./ages.js";

const group = "Anywhere";
const address = (place) => document.querySelector(`[data-go="${place}"]`)?.href;
const go = (keys, label, place) => bind({ keys, label, group, when: () => Boolean(address(place)), run: () => location.assign(address(place)) });
const openHelp = () => import("./help.js").then((help) => help.openHelp());

bind({ keys: "Control+k", label: "Search or run a command", group, command: false, run: openPalette });
bind({ keys: "/", label: "Search this view", group, when: () => document.getElementById("q") !== null, run: () => document.getElementById("q").select() });
go("n", "New issue", "new");
go("g b", "Go to board", "board");
go("g l", "Go to list", "list");
go("g t", "Go to untriaged", "untriaged");
go("g m", "Go to metrics", "metrics");
bind({ keys: "?", label: "This help", group, run: openHelp });
if (document.getElementById("single-keys")) import("./help.js");
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

for (const extra of document.querySelectorAll("[data-without-script]")) extra.hidden = true;
