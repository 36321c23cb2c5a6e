// The one registry of keys. Every shortcut of every page is bound here, and the help and the palette read it.
//
// Single keys (WCAG 2.1.4: letters, digits, signs, with or without Shift) are off while a field has focus, with another
// modifier held, while a dialog or menu is open, and when the viewer has turned them off (cookie `keys`).

const SEQUENCE = 1500; // milliseconds between the keys of "g b"
// Menus without script: these close by Esc and by a click elsewhere.
export const MENUS = "details:is(.filter, .move, .account)[open]";

const bindings = [];
let begun = null; // the first key of a sequence, and when

/** Bind a shortcut.
 *
 * keys: "n", "Shift+X", "Shift+ArrowLeft", "Control+k" (also Command), "g b"; or an array of these. Letters are lower case.
 * label, group: how the help and the palette name it; command: false keeps it out of the palette. run(event): returns false for "not mine, ask the next".
 * writes: whether it changes something; then it is off while the server does not answer, and a key that is held down does it once.
 * when(event): whether it is on now. What was bound last is asked first.
 */
export function bind({ keys, label, group, run, when = () => true, command = true, writes = false }) {
  const may = writes ? (event) => !event.repeat && !document.documentElement.hasAttribute("data-offline") && when(event) : when;
  bindings.unshift({ keys: [keys].flat(), label, group, run, when: may, command });
}

/** Whatever is bound, in the order of binding. */
export function shortcuts() {
  return [...bindings].reverse();
}

/** Whether single keys are on: the viewer's choice, kept in a cookie so that the server knows it, too. */
export function singleKeys() {
  return !/(?:^|; )keys=off(?:;|$)/.test(document.cookie);
}

/** Run what comes with a module that is loaded at its first use. Keys pressed meanwhile go to whatever has the focus after. */
export async function whenLoaded(loading, run) {
  const pressed = [];
  const hold = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.key === "Shift") return;
    pressed.push({ key: event.key, shiftKey: event.shiftKey });
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  addEventListener("keydown", hold, true);
  try {
    run(await loading);
  } finally {
    removeEventListener("keydown", hold, true);
  }
  for (const { key, shiftKey } of pressed) {
    const target = document.activeElement;
    const goesOn = target.dispatchEvent(new KeyboardEvent("keydown", { key, shiftKey, bubbles: true, cancelable: true }));
    if (!goesOn || key.length > 1 || !isTyping(target) || target.readOnly) continue;
    target.setRangeText(key, target.selectionStart, target.selectionEnd, "end");
    target.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** Whether somebody types there. */
export function isTyping(target) {
  return target instanceof Element && target.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]") !== null;
}

function nameOf(event) {
  const key = event.key === " " ? "Space" : event.key;
  const letter = /^[a-z]$/i.test(key);
  const control = event.ctrlKey || event.metaKey ? "Control+" : "";
  const alt = event.altKey ? "Alt+" : "";
  // Shift makes "?" of "/" by itself; with letters and named keys it is part of the shortcut.
  const shift = event.shiftKey && (letter || key.length > 1) ? "Shift+" : "";
  return control + alt + shift + (letter ? key.toLowerCase() : key);
}

function isSingle(name) {
  return !/^(Control|Alt)\+/.test(name) && name.replace("Shift+", "").length === 1;
}

function handle(name, event) {
  for (const binding of bindings)
    if (binding.keys.includes(name) && binding.when(event) && binding.run(event) !== false) {
      event.preventDefault();
      return true;
    }
  return false;
}

/** Esc: close what is open, then whatever a page has bound (clear the selection), then leave the field. */
function escape(event) {
  const open = document.querySelector(MENUS) ?? event.target.closest?.("details[open]");
  if (open && (open.matches(MENUS) || !isTyping(event.target))) {
    open.open = false;
    open.querySelector("summary").focus();
  } else if (!handle("Escape", event) && isTyping(event.target)) event.target.blur();
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
  const name = nameOf(event);
  if (name === "Escape") return escape(event);
  const single = isSingle(name);
  if ((single || !name.startsWith("Control+")) && isTyping(event.target)) return;
  if (single && !singleKeys()) return;
  const both = begun && event.timeStamp - begun.at < SEQUENCE ? `${begun.name} ${name}` : null;
  begun = null;
  if (both && handle(both, event)) return;
  if (handle(name, event)) return;
  if (single && bindings.some((binding) => binding.keys.some((keys) => keys.startsWith(`${name} `)))) begun = { name, at: event.timeStamp };
});
