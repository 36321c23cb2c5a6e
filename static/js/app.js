// What every page does with script on. Without script everything works by forms and links.

import "./drafts.js";
import "./live.js";
import "./toast.js";
import { MENUS, bind } from "./keys.js";

export { fillAges } from "./ages.js";

const go = (address) => () => location.assign(address);
bind({ keys: "n", label: "New issue", group: "Anywhere", run: go("/new") });
bind({ keys: "/", label: "Search this view", group: "Anywhere", when: () => document.getElementById("q") !== null, run: () => document.getElementById("q").select() });
bind({ keys: "g b", label: "Go to board", group: "Anywhere", run: go("/") });

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
