// Toasts: what was done, with Undo. One at a time, for eight seconds; it stays while it is hovered or focused.

import { bind } from "./keys.js";
import { post, reason } from "./post.js";

const STAYS = 8000; // milliseconds
const place = document.getElementById("toast");
let leaving;

/** Say `text`. `undo` says what Undo takes back: {event: id}, {act: uuid} or {} for the last change, and `label` names
 * its button when that is not "Undo"; `action` is another button: {label, run}.
 */
export function toast(text, { undo, action } = {}) {
  const box = document.createElement("div");
  box.className = "toast";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (action) box.append(button(action.label, () => { clear(); action.run(); }));
  if (undo) {
    const { label = "Undo", ...what } = undo;
    const back = button(label, () => undoChange(what));
    if (label === "Undo") {
      const key = document.createElement("kbd");
      key.textContent = "U";
      back.append(key);
    }
    box.append(back);
  }
  const close = button("", clear);
  close.classList.add("icon");
  close.ariaLabel = "Dismiss";
  close.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-x"/></svg>';
  box.append(close);
  place.replaceChildren(box);
  stay();
}

/** Take a change back (the viewer's last one if `what` is empty), and bring the page up to date. */
export async function undoChange(what = {}) {
  clear();
  let response = null;
  try {
    response = await post("/undo", what);
  } catch {
    // said below
  }
  if (!response?.ok) toast(`Not undone. ${await reason(response)}`);
  document.dispatchEvent(new Event("undone"));
}

/** What U takes back: what the page says was done just now, such as a view deleted; else the viewer's last change of an issue. */
function undoLast() {
  const offered = document.querySelector("[data-undo]");
  if (offered) offered.click();
  else undoChange();
}

function button(label, run) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn";
  made.textContent = label;
  made.addEventListener("click", run);
  return made;
}

function clear() {
  clearTimeout(leaving);
  place.replaceChildren();
}

function stay() {
  clearTimeout(leaving);
  leaving = setTimeout(() => {
    if (place.querySelector(".toast:hover, .toast:focus-within")) stay();
    else clear();
  }, STAYS);
}

// The server has a page say something by a header, through htmx or post(): HX-Trigger: {"toast": {"text": …, "undo": …}}.
document.addEventListener("toast", ({ detail }) => toast(detail.text, detail));
bind({ keys: "u", label: "Undo last change", group: "Anywhere", writes: true, run: undoLast });
