// The command palette: issues first, then commands, then people and tags.

import { shortcuts, singleKeys } from "./keys.js";
import { reason } from "./post.js";

const WAIT = 150; // milliseconds after the last letter
const SHOWN = 8; // commands while nothing is typed
const dialog = document.createElement("dialog");
dialog.className = "cmd";
dialog.ariaLabel = "Command palette";
dialog.innerHTML = `<div class="search"><svg class="i" aria-hidden="true"><use href="#i-search"/></svg><label class="vh" for="palette-q">Search or run a command</label><input class="input" id="palette-q" role="combobox" aria-expanded="true" aria-controls="palette-list" aria-autocomplete="list" autocomplete="off" spellcheck="false" maxlength="200" placeholder="Search or run a command"><kbd>Esc</kbd></div>
<ul id="palette-list" role="listbox" aria-label="Results"></ul>
<p class="vh" role="status"></p>
<footer class="xs muted"><span><kbd>↑</kbd> <kbd>↓</kbd> move</span><span><kbd>Enter</kbd> open</span><span class="dk"><kbd>Ctrl Enter</kbd> open in new tab</span></footer>`;
document.body.append(dialog);
const input = dialog.querySelector("input");
const list = dialog.querySelector("ul");
const said = dialog.querySelector("[role=status]");
const nothing = { issues: [], others: [] };
let found = nothing, commands = [], timer, asked = 0;
let trouble = ""; // why issues were not looked for
let moved = false; // whether the choice is the viewer's own, and stays when more is found

/** Open the palette. What it runs, it runs where the focus was. */
export function openPalette() {
  if (dialog.open) return;
  commands = available();
  found = nothing;
  trouble = "";
  input.value = "";
  moved = false;
  show();
  dialog.showModal();
  input.focus();
}

/** What can be done here and now: the shortcuts of the page, the theme, and signing out. */
function available() {
  const here = { target: document.activeElement, key: "" };
  const bound = shortcuts().filter((one) => one.label && one.command !== false && one.when(here));
  const theme = (name) => document.querySelector(`.theme button[value=${name}]:not([aria-current])`);
  const themes = ["light", "dark", "system"].filter(theme).map((name) => ({ label: `Switch to ${name} theme`, icon: name === "dark" ? "i-moon" : "i-sun-moon", run: () => theme(name).click() }));
  const out = document.querySelector("form[action='/signout'] button");
  return [
    ...bound.map(({ label, keys, run }) => ({ label, keys: keys[0], run: () => run(here) })),
    ...themes,
    ...(out ? [{ label: "Sign out", icon: "i-log-out", run: () => out.click() }] : []),
  ];
}

function commandsFor(words) {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const matching = commands.filter(({ label }) => wanted.every((word) => label.toLowerCase().split(/\s+/).some((part) => part.startsWith(word))));
  const create = words && document.querySelector("a[href='/new']") ? [{ label: `New issue titled “${words}”`, icon: "i-plus", href: `/new?title=${encodeURIComponent(words)}` }] : [];
  return words ? [...matching.slice(0, 5), ...create] : matching.slice(0, SHOWN);
}

function show() {
  const words = input.value.trim();
  const before = moved && list.querySelector("[aria-selected=true]")?.dataset.key;
  list.replaceChildren();
  part("Issues", found.issues);
  part("Commands", commandsFor(words).map(line));
  part("People and tags", found.others);
  const options = [...list.querySelectorAll("[role=option]")];
  options.forEach((option, n) => { option.id = `palette-${n}`; option.dataset.key ??= option.dataset.href; });
  choose(options.find((option) => before && option.dataset.key === before) ?? options[0]);
  if (trouble || !options.length) {
    const note = document.createElement("li");
    Object.assign(note, { role: "presentation", className: "part", textContent: trouble || "Nothing found" });
    list.append(note);
  }
  said.textContent = trouble || (options.length === 1 ? "1 result" : `${options.length} results`);
}

function part(title, options) {
  if (!options.length) return;
  const head = document.createElement("li");
  head.role = "presentation";
  head.className = "part";
  head.textContent = title;
  list.append(head, ...options);
}

function line(command) {
  const option = document.createElement("li");
  option.role = "option";
  option.dataset.key = command.label;
  if (command.href) option.dataset.href = command.href;
  option.run = command.run;
  option.innerHTML = `<svg class="i" aria-hidden="true"><use href="#${command.icon ?? "i-chevron-right"}"/></svg>`;
  const label = document.createElement("span");
  label.className = "cut";
  label.textContent = command.label;
  option.append(label);
  if (command.keys && (singleKeys() || command.keys.startsWith("Control"))) {
    const keys = document.createElement("span");
    keys.className = "end keys";
    for (const key of command.keys.split(/[ +]/)) {
      const kbd = document.createElement("kbd");
      kbd.textContent = { Control: "Ctrl", ArrowLeft: "←", ArrowRight: "→" }[key] ?? (key.length === 1 ? key.toUpperCase() : key);
      keys.append(kbd);
    }
    option.append(keys);
  }
  return option;
}

function choose(option) {
  for (const one of list.querySelectorAll("[aria-selected=true]")) one.ariaSelected = "false";
  if (!option) return input.removeAttribute("aria-activedescendant");
  option.ariaSelected = "true";
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function open(option, elsewhere) {
  const { href } = option.dataset;
  dialog.close();
  if (!href) option.run();
  else if (elsewhere) window.open(href, "_blank", "noopener");
  else location.assign(href);
}

async function search() {
  const words = input.value.trim();
  const mine = ++asked;
  if (!words) { found = nothing; return; }
  const response = await fetch(`/palette?q=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  const why = response?.ok ? "" : `Issues were not looked for. ${await reason(response)}`;
  if (mine !== asked) return;
  trouble = why;
  if (trouble) { show(); return; }
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  found = { issues: [...page.querySelectorAll("#found-issues > li")], others: [...page.querySelectorAll("#found-others > li")] };
  show();
}

input.addEventListener("input", () => {
  moved = false;
  trouble = "";
  clearTimeout(timer);
  timer = setTimeout(search, WAIT);
  if (!input.value.trim()) { asked += 1; found = nothing; }
  show();
});
dialog.addEventListener("keydown", async (event) => {
  const options = [...list.querySelectorAll("[role=option]")];
  const at = options.findIndex((option) => option.ariaSelected === "true");
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    moved = true;
    choose(options[(at + (event.key === "ArrowDown" ? 1 : -1) + options.length) % options.length]);
  } else if (event.key === "Enter") {
    event.preventDefault();
    const elsewhere = event.ctrlKey || event.metaKey;
    // "FND-231" and Enter, faster than the server: it goes there all the same.
    const reference = /^(?:fnd-)?(\d{1,18})$/i.exec(input.value.trim());
    if (reference) { dialog.close(); location.assign(`/FND-${Number(reference[1])}`); } else if (options[at]) open(options[at], elsewhere);
  }
});
list.addEventListener("click", (event) => { const option = event.target.closest("[role=option]"); if (option) open(option, event.ctrlKey || event.metaKey); });
list.addEventListener("pointermove", (event) => { const option = event.target.closest("[role=option]"); if (option && option.ariaSelected !== "true") { moved = true; choose(option); } });
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
