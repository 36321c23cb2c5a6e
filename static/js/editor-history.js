// Undo and redo: what the blocks were, with the place of the caret. A block that stayed the same is kept once.

import { caret, fieldAt, fields, offsetOf, sizeOf } from "./editor-dom.js";

const STEPS = 300;
const PAUSE = 1000; // milliseconds; what is typed without one is one step

export class History {
  /** root: the blocks' element. look(element): {html, …}, the same object as long as the block stays the same. revive(look): an element. */
  constructor(root, look, revive) {
    Object.assign(this, { root, look, revive, steps: [], at: -1, typing: null });
    this.record("begin");
  }

  /** Remember how it is now. Typing goes on with the last step. */
  record(kind, time = performance.now()) {
    const looks = [...this.root.children].map(this.look);
    const now = { looks, place: this.place() };
    const top = this.steps[this.at];
    if (top && looks.length === top.looks.length && looks.every((look, n) => look === top.looks[n])) { top.place = now.place; return; }
    const goesOn = kind === "typing" && this.typing !== null && time - this.typing < PAUSE && this.at > 0;
    if (goesOn) this.steps[this.at] = now;
    else {
      this.steps.splice(this.at + 1, Infinity, now);
      if (this.steps.length > STEPS) this.steps.shift();
      this.at = this.steps.length - 1;
    }
    this.typing = kind === "typing" ? time : null;
  }

  /** One step back (-1) or forth (1); false at the end. */
  go(step) {
    const to = this.steps[this.at + step];
    if (!to) return false;
    this.at += step;
    this.typing = null;
    const here = new Map([...this.root.children].map((element) => [this.look(element), element]));
    this.root.replaceChildren(...to.looks.map((look) => here.get(look) ?? this.revive(look)));
    this.take(step < 0 ? to.place ?? this.steps[this.at + 1].place : to.place);
    return true;
  }

  place() {
    const selection = getSelection();
    const field = this.root.contains(selection.focusNode) ? fieldAt(selection.focusNode) : null;
    if (!field) return null;
    const blocks = [...this.root.children];
    const n = blocks.findIndex((block) => block.contains(field));
    return { n, f: fields(blocks[n]).indexOf(field), offset: offsetOf(field, selection.focusNode, selection.focusOffset) };
  }

  take(place) {
    const block = this.root.children[Math.min(place?.n ?? 0, this.root.children.length - 1)];
    const all = fields(block);
    const field = all[Math.min(place?.f ?? 0, all.length - 1)];
    if (field) caret(field, Math.min(place?.offset ?? 0, sizeOf(field)));
  }
}
