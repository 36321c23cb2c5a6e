// Keys and input methods in the block editor. Letters inside a field are the browser's work; whatever crosses the edges of a
// field, and whatever has a meaning of its own, is ours. Input methods on phones send no keys, so `beforeinput` decides.

import { breakLine, cut, cutOut, indent, joinBack, joinNext, looksAt, move, nextCell, selected, split, toggleLook, touched, typeWith, typed, wordAt } from "./editor-commands.js";
import { caret, draw, fields, isIsland, sizeOf } from "./editor-dom.js";
import { askAddress } from "./editor-popup.js";

const NAMES = { paragraph: "Text", heading: "Heading", item: "List", quote: "Quote", callout: "Callout", code: "Code", table: "Table", image: "Image", divider: "Divider" };
const LOOKS = { bold: "Bold", italic: "Italic", code: "Code", strike: "Struck through", href: "Link" };
const FORMATS = { formatBold: "bold", formatItalic: "italic", formatStrikeThrough: "strike" };
const LOOK_KEYS = { b: "bold", i: "italic", e: "code" };

export class Typing {
  constructor(editor) {
    this.editor = editor;
    this.pending = null; // {field, start, look}: the look of what is typed next at this place
    const { root } = editor;
    root.addEventListener("beforeinput", (event) => this.before(event));
    root.addEventListener("input", (event) => this.after(event));
    root.addEventListener("compositionstart", () => { if (!selected(root)?.whole) cutOut(root); });
    root.addEventListener("compositionend", () => this.after({ inputType: "insertText" }));
    root.addEventListener("keydown", (event) => this.key(event));
  }

  before(event) {
    const { editor, editor: { root } } = this;
    const { inputType: kind, data } = event;
    const at = selected(root);
    if (!at || event.isComposing) return;
    const own = (action) => { event.preventDefault(); editor.act(action); };
    const inOneField = at.field && (at.collapsed || at.whole);
    if (kind === "historyUndo" || kind === "historyRedo") { event.preventDefault(); editor.undo(kind === "historyUndo" ? -1 : 1); }
    else if (kind.startsWith("format")) { event.preventDefault(); if (FORMATS[kind]) this.mark(FORMATS[kind]); }
    else if (/^insert(Ordered|Unordered|Horizontal|FromDrop)/.test(kind)) event.preventDefault();
    else if (kind.startsWith("insert") && data?.includes("\n")) { event.preventDefault(); editor.clipboard.pasteText(data); }
    else if (kind === "insertParagraph") own(() => { this.clear(); split(root); });
    else if (kind === "insertLineBreak") own(() => { this.clear(); breakLine(root); });
    else if (!inOneField && /^(insert|delete)/.test(kind)) own(() => { this.clear(); if (kind === "insertText" && data) typeWith(root, data, {}); });
    else if (!at.collapsed || !at.field) return;
    else if (kind.endsWith("Backward") && at.start === 0) own(() => joinBack(root));
    else if (kind.endsWith("Forward") && at.start >= sizeOf(at.field)) own(() => joinNext(root));
    else if (kind === "insertText" && data) this.typeLook(event, at);
  }

  /** Take out what is selected; the caret is in a field afterwards. */
  clear() {
    cutOut(this.editor.root);
    if (!selected(this.editor.root)?.field) this.editor.focus();
  }

  /** A letter that is to look otherwise than the text around: chosen by a key, or after a link or what was typed as Markdown. */
  typeLook(event, { field, start }) {
    const { href, ...plain } = looksAt(field, start);
    const behindLink = href && !cut(field, start, start + 1)[0]?.href;
    const look = this.pendingAt(field, start) ?? (behindLink ? plain : null);
    this.pending = null;
    if (!look) return;
    event.preventDefault();
    typeWith(this.editor.root, event.data, look);
    this.after({ inputType: "insertText" });
  }

  pendingAt(field, start) {
    return this.pending?.field === field && this.pending.start === start ? this.pending.look : null;
  }

  after({ inputType = "", isComposing = false }) {
    const { editor, editor: { root } } = this;
    for (const one of root.querySelectorAll(".chosen")) one.classList.remove("chosen");
    editor.changed(/^(insert|delete)/.test(inputType) ? "typing" : "command");
    if (!isComposing && inputType === "insertText") this.shorten();
    editor.popup.update();
  }

  /** Typed Markdown becomes what it means, as a step of its own: undo gives the signs back. */
  shorten() {
    const { editor, editor: { root } } = this;
    const block = selected(root)?.block;
    this.pending = null;
    if (!typed(root)) return;
    editor.changed();
    const now = selected(root);
    if (now.block === block) this.pending = { field: now.field, start: now.start, look: {} };
    else editor.say(NAMES[now.block.dataset.kind]);
  }

  /** Put a look on the selection or the word, or on what is typed next. */
  mark(look, value) {
    const { editor } = this;
    const at = selected(editor.root);
    if (at?.field && at.collapsed && look !== "href" && wordAt(at.field, at.start).every((end) => end === at.start)) {
      const now = this.pendingAt(at.field, at.start) ?? looksAt(at.field, at.start);
      this.pending = { field: at.field, start: at.start, look: { ...now, [look]: !now[look] } };
      return editor.say(`${LOOKS[look]} ${now[look] ? "off" : "on"}`);
    }
    const done = editor.act(() => toggleLook(editor.root, look, value));
    return editor.say(done ? LOOKS[look] : `${LOOKS[look]} is not possible here`);
  }

  async link({ field, start, end }) {
    const now = cut(field, start, end).find((run) => run.href)?.href ?? "";
    const typedAddress = await askAddress(now);
    caret(field, start, end);
    if (typedAddress !== null) this.mark("href", addressOf(typedAddress));
  }

  key(event) {
    if (event.isComposing) return;
    const { editor } = this;
    const control = event.ctrlKey || event.metaKey;
    const at = selected(editor.root);
    if ((editor.popup.isOpen && !control && !event.altKey && editor.popup.key(event)) || (at && this.command(event, at, control))) {
      event.preventDefault();
      event.stopPropagation();
    }
  }

  /** Do what the key means here; true if it means something. */
  command(event, at, control) {
    const { editor } = this;
    const key = event.key.toLowerCase(), { shiftKey: shift, altKey: alt } = event;
    const upOrDown = { arrowup: -1, arrowdown: 1 }[key];
    if (control && !alt) {
      if (key === "enter") return editor.form.requestSubmit() ?? true;
      if (key === "z" || key === "y") return editor.undo(key === "y" || shift ? 1 : -1) ?? true;
      if (LOOK_KEYS[key] && !shift) return this.mark(LOOK_KEYS[key]) ?? true;
      if (key === "x" && shift) return this.mark("strike") ?? true;
      // Without a selection Ctrl K is the palette, as everywhere.
      if (key === "k" && at.field && at.whole && !at.collapsed) return this.link(at) !== null;
      return false;
    }
    if (alt && upOrDown) return this.moveBlocks(upOrDown);
    if (alt || control) return false;
    if (key === "tab") return at.field?.matches("td, th") ? this.walkCells(at, shift ? -1 : 1) : this.indent(shift ? -1 : 1);
    if (key === "escape") return this.release();
    return Boolean(upOrDown && !shift && at.field) && this.step(at, upOrDown);
  }

  moveBlocks(step) {
    const { editor, editor: { root } } = this;
    const block = editor.act(() => move(root, step));
    const all = [...root.children];
    editor.say(block ? `Moved ${step < 0 ? "up" : "down"}, ${all.indexOf(block) + 1} of ${all.length}` : "No further");
    block?.scrollIntoView({ block: "nearest" });
    return true;
  }

  /** A block that one Backspace more would delete stays. */
  release() {
    const chosen = this.editor.root.querySelector(".chosen");
    chosen?.classList.remove("chosen");
    return chosen !== null;
  }

  /** From cell to cell; before the first and outside of lists Tab leaves the editor. */
  walkCells({ field, block }, step) {
    const cells = fields(block);
    if (step < 0 && field === cells[0]) return false;
    if (step > 0 && field === cells.at(-1)) this.editor.act(() => nextCell(field, step), "Row added");
    else nextCell(field, step);
    return true;
  }

  indent(step) {
    const { editor, editor: { root } } = this;
    const levels = () => touched(root).map((block) => block.dataset.level);
    const before = levels();
    if (!before.some(Boolean)) return false;
    editor.act(() => indent(root, step));
    const now = levels();
    if (now.every((level, n) => level === before[n])) return false; // no further: the key leaves the editor
    editor.say(`Level ${Number(now[0]) + 1}`);
    return true;
  }

  /** Up and down into islands and out of them, where a browser finds no way. */
  step({ field, block, start }, step) {
    const { editor } = this;
    if (field.matches("td, th")) {
      const { cellIndex, parentElement: row } = field;
      const rows = [...block.querySelectorAll("tr")];
      const next = rows[rows.indexOf(row) + step]?.cells[cellIndex];
      if (next) { caret(next, Math.min(start, sizeOf(next))); return true; }
    } else if (field !== fields(block).at(step > 0 ? -1 : 0) || !isOutermost(field, step)) return false;
    const beyond = (one) => (step > 0 ? one.nextElementSibling : one.previousElementSibling);
    const next = beyond(block);
    const isClosed = (one) => isIsland(one) || one.dataset.kind === "code";
    if (!isClosed(block) && !(next && isIsland(next))) return false;
    for (let one = next; one; one = beyond(one)) {
      const to = fields(one).at(step > 0 ? 0 : -1);
      if (to) { caret(to, step > 0 ? 0 : sizeOf(to)); return true; }
    }
    editor.act(() => {
      const fresh = draw({ kind: "paragraph", text: "" });
      if (step > 0) editor.root.append(fresh);
      else editor.root.prepend(fresh);
      caret(fresh, 0);
    });
    return true;
  }
}

/** Whether the caret is on the first (-1) or last line of a field. */
function isOutermost(field, step) {
  const line = getSelection().getRangeAt(0).getClientRects()[0] ?? field.getBoundingClientRect();
  const box = field.getBoundingClientRect();
  return (step > 0 ? box.bottom - line.bottom : line.top - box.top) < line.height * 0.8;
}

function addressOf(typedAddress) {
  if (/^FND-\d+$/i.test(typedAddress)) return `/${typedAddress.toUpperCase()}`;
  const whole = !typedAddress || /^(?:https?:\/\/|mailto:|\/)/i.test(typedAddress) ? typedAddress : `https://${typedAddress}`;
  return whole.replace(/[()\s]/g, (letter) => ({ "(": "%28", ")": "%29" })[letter] ?? "%20");
}
