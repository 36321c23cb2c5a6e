// A list under the caret that is chosen from while typing goes on: blocks after "/", people after "@". The text keeps the focus.

import { caret, fieldAt, make, offsetOf, placeOf } from "./editor-dom.js";

const TRIGGER = /(?:^|[\s(])([/@])([^\s/@][^\n/@]{0,40})?$/;

export class Popup {
  /** textbox: what has the focus. offer(sign, words): the options [{label, hint, icon, run | insert}], or a promise of them. done(option, {field, start, end}). */
  constructor(offer, done, say) {
    Object.assign(this, { offer, done, say, list: null, dismissed: null });
    const follow = ({ target }) => { if (this.list && !this.list.contains(target)) this.settle(); };
    document.addEventListener("scroll", follow, { capture: true, passive: true });
    visualViewport?.addEventListener("resize", follow); // a keyboard on the screen comes and goes
  }

  get isOpen() { return this.list !== null; }

  /** Look at what stands before the caret: open, narrow or close. */
  async update() {
    const selection = getSelection();
    const field = fieldAt(selection.anchorNode);
    const host = field?.closest("[contenteditable=true]");
    const offset = field && selection.isCollapsed ? offsetOf(field, selection.anchorNode, selection.anchorOffset) : 0;
    const text = host && !field.closest("pre, figcaption") ? textBefore(field, selection) : "";
    const found = TRIGGER.exec(text);
    if (!found || (found[1] === "/" && host.matches(".f"))) { this.dismissed = null; return this.close(); }
    const [, sign, words = ""] = found;
    const start = offset - words.length - 1;
    if (this.dismissed === start) return undefined;
    const asked = (this.asked = {});
    const options = await this.offer(sign, words);
    if (asked !== this.asked) return undefined;
    if (!options.length) return this.close();
    return this.show(host, field, { start, end: offset }, options, sign === "/" ? "Blocks" : "People");
  }

  show(host, field, place, options, name) {
    const before = this.list ? this.current?.option.label : null;
    this.list?.remove();
    this.list = make("ul", { className: "menu pop slash", id: "editor-list", role: "listbox", ariaLabel: name, tabIndex: 0 });
    this.options = options.map((option, n) => {
      const element = make("li", { role: "option", id: `editor-option-${n}`, ariaSelected: "false" }, ...(option.icon ? [option.icon] : []), make("span", { className: "cut", textContent: option.label }));
      if (option.hint) element.append(make("small", { className: "muted end", textContent: option.hint }));
      return { element, option };
    });
    this.list.append(...this.options.map(({ element }) => element));
    this.list.addEventListener("pointerdown", (event) => {
      event.preventDefault(); // the text keeps the focus
      const picked = this.options.find(({ element }) => element.contains(event.target));
      if (picked) this.pick(picked);
    });
    Object.assign(this, { host, field, place });
    (host.closest("dialog, main") ?? document.body).append(this.list);
    host.setAttribute("aria-controls", this.list.id);
    host.setAttribute("aria-haspopup", "listbox");
    this.activate(this.options.find(({ option }) => option.label === before) ?? this.options[0], options.length);
    this.settle();
  }

  /** Under the caret, or above it where the window ends. */
  settle() {
    const range = document.createRange();
    range.setStart(...placeOf(this.field, this.place.start));
    range.setEnd(...placeOf(this.field, this.place.end));
    const at = range.getClientRects()[0] ?? this.field.getBoundingClientRect();
    const seen = visualViewport ?? { width: innerWidth, height: innerHeight, offsetTop: 0 };
    const { offsetWidth: width, offsetHeight: height } = this.list;
    const below = at.bottom + 4 + height <= seen.offsetTop + seen.height;
    this.list.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - height - 4)}px`;
    this.list.style.left = `${Math.max(8, Math.min(at.left, seen.width - width - 8))}px`;
  }

  activate(one, count) {
    for (const { element } of this.options) element.ariaSelected = String(element === one.element);
    this.current = one;
    this.host.setAttribute("aria-activedescendant", one.element.id);
    one.element.scrollIntoView({ block: "nearest" });
    this.say(`${one.option.label}${count ? `, ${count === 1 ? "1 choice" : `${count} choices`}` : ""}`);
  }

  /** A key while the list is open; true if it was meant for it. */
  key(event) {
    const at = this.options.indexOf(this.current), { length } = this.options;
    if (event.key === "ArrowDown") this.activate(this.options[(at + 1) % length]);
    else if (event.key === "ArrowUp") this.activate(this.options[(at - 1 + length) % length]);
    else if (event.key === "Enter" || event.key === "Tab") this.pick(this.current);
    else if (event.key === "Escape") { this.dismissed = this.place.start; this.close(); }
    else return false;
    return true;
  }

  pick({ option }) {
    const { field, place } = this;
    this.close();
    caret(field, place.start, place.end);
    this.done(option);
  }

  close() {
    this.asked = null;
    if (!this.list) return;
    this.list.remove();
    this.list = null;
    for (const name of ["aria-controls", "aria-haspopup", "aria-activedescendant"]) this.host.removeAttribute(name);
  }
}

function textBefore(field, selection) {
  const range = document.createRange();
  range.setStart(field, 0);
  range.setEnd(selection.anchorNode, selection.anchorOffset);
  return range.toString();
}

/** Ask for the address of a link beside the selection. Resolves to the address, "" to take it off, or null. */
export function askAddress(now) {
  return new Promise((answer) => {
    const at = getSelection().getRangeAt(0).getBoundingClientRect();
    const back = document.activeElement;
    const input = make("input", { className: "input", type: "text", inputMode: "url", ariaLabel: "Address of the link", placeholder: "https:// or FND-12", value: now, autocomplete: "off" });
    const box = make("div", { className: "menu pop" }, input);
    (back.closest("dialog, main") ?? document.body).append(box);
    box.style.top = `${Math.min(at.bottom + 4, innerHeight - 48)}px`;
    box.style.left = `${Math.max(8, Math.min(at.left, innerWidth - box.offsetWidth - 8))}px`;
    let settled = false;
    const close = (value) => {
      if (settled) return;
      settled = true;
      box.remove();
      answer(value);
    };
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key !== "Enter" && event.key !== "Escape") return;
      event.preventDefault();
      close(event.key === "Enter" ? input.value.trim() : null);
    });
    input.addEventListener("blur", () => close(null));
    input.focus();
    input.select();
  });
}
