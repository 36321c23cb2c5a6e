// A menu at a place: choose by typing, arrows and Enter, or by pointer. Esc closes it and gives focus back.

import { reason } from "./post.js";
import { toast } from "./toast.js";

const FILTER_FROM = 9; // items
const fetched = new Map(); // url -> the options' HTML
let current = null;

/** Open a menu under `anchor`.
 *
 * items: [{value, label, icon, checked}] (icon: the id of a symbol), or url: an address that answers <li role="option"
 * data-value="…">…</li> lines, fetched once a page, or "#id" of a <template> that holds such lines. `value` (or an array) is
 * what is chosen now. filter: whether typing narrows the choice (default: from nine items on). multiple: several may be
 * chosen; onPick then gets all values when the menu closes by Tab, by Enter after a choice, or by pointer elsewhere.
 * create: offers to make a new value of the typed text. onPick(value, label) is called once; label: the menu's name.
 */
export function openMenu(anchor, { items, url, value, label = "Choose", filter, multiple = false, create = false, onPick }) {
  close();
  const back = document.activeElement;
  const lines = items ? items.map(line).join("") : options(url);
  const box = document.createElement("div");
  box.className = "menu pop";
  const list = document.createElement("ul");
  Object.assign(list, { id: "menu-list", role: "listbox", ariaLabel: label, tabIndex: -1 });
  if (multiple) list.ariaMultiSelectable = "true";
  const input = document.createElement("input");
  Object.assign(input, { type: "text", role: "combobox", ariaLabel: label, ariaExpanded: "true", autocomplete: "off" });
  input.setAttribute("aria-controls", list.id);
  box.append(input, list);
  const chosen = new Set(value === undefined ? [] : [value].flat().map((one) => one ?? ""));
  const menu = { box, list, input, back, chosen, multiple, create, onPick, anchor, filter };
  current = menu;
  // Inside an open dialog everything else is inert.
  (anchor.closest("dialog, main") ?? document.body).append(box);
  input.addEventListener("input", narrow);
  box.addEventListener("keydown", keydown);
  list.addEventListener("click", (event) => { const option = event.target.closest("[role=option]"); if (option) pick(option); });
  list.addEventListener("pointermove", (event) => { const option = event.target.closest("[role=option]"); if (option) activate(option); });
  list.addEventListener("pointerdown", (event) => event.preventDefault()); // focus stays in the field
  input.focus();
  if (typeof lines === "string") fill(lines);
  else {
    settle();
    lines.then((html) => { if (current === menu) { if (html === null) close(); else fill(html); } });
  }
}

/** The lines are there; whatever was typed before counts. */
function fill(lines) {
  const { list, input, chosen, create, filter } = current;
  list.innerHTML = lines;
  for (const option of list.children) mark(option, chosen.has(option.dataset.value));
  const typed = filter ?? (create || list.children.length >= FILTER_FROM);
  input.className = typed ? "input" : "vh";
  input.readOnly = !typed;
  input.placeholder = typed ? input.ariaLabel : "";
  settle();
  if (input.value) narrow();
  else activate(list.querySelector("[aria-selected=true]") ?? list.firstElementChild);
  if (current.entered) enter();
}

/** Whether a menu of this kind is open (a page then leaves what it belongs to alone). */
export function isMenuOpen() {
  return current !== null;
}

function line({ value, label, icon, checked }) {
  const text = document.createElement("span");
  text.className = "cut";
  text.textContent = label;
  const option = document.createElement("li");
  option.setAttribute("role", "option");
  option.dataset.value = value ?? "";
  if (checked) option.setAttribute("aria-selected", "true");
  if (icon) option.innerHTML = `<svg class="i" aria-hidden="true"><use href="#${icon}"/></svg>`;
  option.append(text);
  return option.outerHTML;
}

function options(url) {
  if (url.startsWith("#")) return document.querySelector(url).innerHTML;
  if (!fetched.has(url)) {
    const answer = fetch(url, { headers: { "HX-Request": "true" } }).then((response) => (response.ok ? response.text() : refused(response)), () => refused(null));
    fetched.set(url, answer.then((html) => { if (html === null) fetched.delete(url); else fetched.set(url, html); return html; }));
  }
  return fetched.get(url);
}

async function refused(response) {
  toast(`The choices did not come. ${await reason(response)}`);
  return null;
}

/** Under the anchor; above it or moved in where the window ends. */
function settle() {
  const { box, anchor } = current;
  const at = anchor.getBoundingClientRect();
  const { width, height } = box.getBoundingClientRect();
  const below = at.bottom + 4 + height <= innerHeight || at.top < height;
  box.style.top = `${Math.max(8, Math.min(below ? at.bottom + 4 : at.top - height - 4, innerHeight - height - 8))}px`;
  box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - width - 8))}px`;
}

function mark(option, on) {
  option.setAttribute("aria-selected", String(on));
}

function activate(option) {
  const { list, input } = current;
  list.querySelector(".on")?.classList.remove("on");
  if (!option) return input.removeAttribute("aria-activedescendant");
  option.classList.add("on");
  option.id ||= `menu-${[...list.children].indexOf(option)}`;
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function narrow() {
  const { list, input, create } = current;
  const words = input.value.trim().toLowerCase();
  list.querySelector("[data-new]")?.remove();
  let exact = false;
  for (const option of list.children) {
    const text = option.textContent.trim().toLowerCase();
    option.hidden = !text.includes(words);
    exact ||= text === words;
  }
  if (create && words && !exact) {
    list.insertAdjacentHTML("beforeend", line({ value: input.value.trim(), label: `Add “${input.value.trim()}”`, icon: "i-plus" }));
    list.lastElementChild.dataset.new = "1";
  }
  activate(list.querySelector("[role=option]:not([hidden])"));
}

function keydown(event) {
  const { list, input } = current;
  const shown = [...list.querySelectorAll("[role=option]:not([hidden])")];
  const at = shown.findIndex((option) => option.classList.contains("on"));
  const move = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: shown.length - 1 }[event.key];
  if (event.key === "Escape") close();
  else if (event.key === "Tab") finish();
  else if (move !== undefined && !(input.value && (event.key === "Home" || event.key === "End"))) activate(shown[(move + shown.length) % shown.length]);
  else if (event.key === "Enter" || (event.key === " " && input.readOnly)) enter();
  else if (input.readOnly && event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey)
    activate(shown.find((option) => option.textContent.trim().toLowerCase().startsWith(event.key.toLowerCase())) ?? shown[at]);
  else { event.stopPropagation(); return; }
  event.preventDefault();
  event.stopPropagation();
}

function enter() {
  const { list, input, multiple } = current;
  const option = list.querySelector(".on");
  if (!list.children.length) current.entered = true; // until the lines are there
  else if (multiple && !input.value && current.touched) finish();
  else if (option) pick(option);
}

function pick(option) {
  const { chosen, multiple, onPick, input } = current;
  const { value } = option.dataset;
  if (!multiple) {
    const label = option.textContent.trim();
    close();
    onPick(value, label);
    return;
  }
  current.touched = true;
  if (chosen.has(value)) chosen.delete(value);
  else chosen.add(value);
  if (option.dataset.new) { delete option.dataset.new; option.querySelector(".cut").textContent = value; }
  mark(option, chosen.has(value));
  input.value = "";
  narrow();
  activate(option);
}

/** Close a menu of several choices and hand them over. */
function finish() {
  const { multiple, touched, chosen, onPick } = current;
  close();
  if (multiple && touched) onPick([...chosen].filter(Boolean));
}

function close() {
  if (!current) return;
  const { box, back } = current;
  const hadFocus = box.contains(document.activeElement);
  box.remove();
  current = null;
  if (hadFocus && back?.isConnected) back.focus({ preventScroll: true });
}

document.addEventListener("pointerdown", (event) => { if (current && !current.box.contains(event.target)) finish(); });
addEventListener("resize", () => { if (current && !current.box.querySelector("input:focus")) close(); });
