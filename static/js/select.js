// Cards that are selected (X, Shift+X), and what the bar and S P O T do to all of them at once. Loaded at the first X.

import { bar, choose as chooseAt, count, onButton, send } from "./bulk.js";
import { bind } from "./keys.js";

const selected = new Set(); // ids of issues; some may have left the board or the filter
let anchor = null; // the card that a range starts at
let refresh;

const idOf = (card) => card.dataset.reference.slice(4);
export const size = () => selected.size;
export const has = (card) => selected.has(idOf(card));

/** Bring the bar onto the page. `refresh(ids)` shows cards as they are after a change. */
export async function begin(options) {
  ({ refresh } = options);
  const piece = document.getElementById("bulk-bar").content.cloneNode(true);
  const style = piece.querySelector("link");
  const ready = new Promise((done) => { style.onload = style.onerror = done; });
  document.head.append(style);
  await ready;
  document.getElementById("main").append(piece);
  document.getElementById("clear-selection").addEventListener("click", (event) => { event.preventDefault(); clear(); });
}

/** Show on a card whether it is selected: one that came new, too. */
export function mark(card) {
  const on = has(card);
  card.toggleAttribute("data-selected", on);
  const link = card.querySelector("h3 a");
  if (on) link.setAttribute("aria-description", "selected");
  else link.removeAttribute("aria-description");
}

function set(card, on) {
  if (on) selected.add(idOf(card));
  else selected.delete(idOf(card));
  mark(card);
}

export function say() {
  const shown = document.querySelectorAll(".card[data-selected]").length;
  count(selected.size, selected.size - shown);
}

export function toggle(card) {
  set(card, !has(card));
  anchor = card;
  say();
}

/** Select from the card that X was pressed on last to this one, in its column. */
export function extend(card) {
  const all = [...card.parentElement.children];
  const [from, to] = [all.indexOf(anchor), all.indexOf(card)].sort((one, other) => one - other);
  for (const one of from < 0 ? [card] : all.slice(from, to + 1)) set(one, true);
  anchor = card;
  say();
}

function clear() {
  selected.clear();
  for (const card of document.querySelectorAll(".card[data-selected]")) mark(card);
  say();
}

/** Change what is selected, as one act. `answered` is told whether the server did it, before the cards are shown anew. */
export async function change(fields, answered = () => {}) {
  const ids = [...selected];
  const done = await send(fields, { issue: ids.join(",") });
  answered(done);
  if (done && fields.do === "delete") clear();
  if (done) refresh(ids, { own: true });
}

export const choose = (field) => chooseAt(field, (fields) => change(fields));
onButton((fields) => change(fields));
bind({ keys: "Escape", label: "Clear selection", group: "Board and list", command: false, when: () => selected.size > 0, run: clear });
