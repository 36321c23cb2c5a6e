// The grip beside the block under the pointer or with the caret: drag it to move the block, click it for what else can be done.

import { addColumn, addRow, removeColumn, removeRow } from "./editor-commands.js";
import { blockOf, caret, draw, fieldAt, fields, make } from "./editor-dom.js";
import { shape, symbol } from "./editor-icons.js";
import { openMenu } from "./menu.js";

const LANGUAGES = ["", "python", "c", "cpp", "json", "yaml", "sql", "sh", "matlab", "text"];
const FAR = 4; // pixels that make a click a drag
const EDGE = 80, STEP = 8; // pixels from the edge of the screen where the page goes along, and how far at a time

export class Grip {
  constructor(editor) {
    this.editor = editor;
    this.block = null; // beside which it is
    this.button = make("button", { type: "button", className: "btn ghost sm icon grip", ariaLabel: "Move block", title: "Drag to move, click for more", hidden: true }, symbol("grip-vertical"));
    this.button.addEventListener("pointerdown", (event) => this.drag(event));
    this.button.addEventListener("click", () => { if (!this.hasMoved) this.open(); });
  }

  place(block = this.block) {
    if (!block?.isConnected || this.isDragging) return;
    this.block = block;
    this.button.hidden = this.editor.root.classList.contains("is-blank");
    this.button.style.top = `${block.offsetTop}px`;
  }

  open() {
    const { editor, block } = this;
    const table = block?.querySelector("table");
    const within = fieldAt(getSelection().anchorNode);
    const cell = within && table?.contains(within) ? within : null;
    const actions = {
      ...(table && {
        "Add row": ["plus", () => addRow(table)],
        "Add column": ["plus", () => addColumn(table)],
        "Remove row": ["minus", () => removeRow(table, cell)],
        "Remove column": ["minus", () => removeColumn(table, cell)],
      }),
      ...(block.dataset.kind === "code" && { Language: ["code", null] }),
      "Move up": ["arrow-up", () => block.previousElementSibling?.before(block)],
      "Move down": ["arrow-down", () => block.nextElementSibling?.after(block)],
      "Text above": ["plus", () => { const fresh = draw({ kind: "paragraph", text: "" }); block.before(fresh); return fresh; }],
      Duplicate: ["copy", () => block.after(draw(blockOf(block)))],
      Delete: ["trash-2", () => { const next = block.nextElementSibling ?? block.previousElementSibling; block.remove(); return next; }],
    };
    const items = Object.entries(actions).map(([label, [name]]) => ({ value: label, label, icon: shape(name) }));
    const onPick = (label) => {
      if (label === "Language") { this.chooseLanguage(block); return; }
      editor.act(() => {
        const to = actions[label][1]() ?? block;
        editor.tidy();
        const [first] = fields(to.isConnected ? to : editor.root.firstElementChild);
        if (first && !to.contains(getSelection().anchorNode)) caret(first, 0);
      }, label);
    };
    openMenu(this.button, { label: "Block", items, filter: false, onPick });
  }

  chooseLanguage(pre) {
    const { language } = pre.dataset;
    const items = [...new Set([...LANGUAGES, language])].map((value) => ({ value, label: value || "None" }));
    const onPick = (value) => this.editor.act(() => { pre.dataset.language = value.replace(/[^\w+#.-]|^block$/g, ""); }, value || "None");
    openMenu(this.button, { label: "Language", value: language, create: true, filter: true, items, onPick });
  }

  /** The block moves as the pointer passes the others. */
  drag(event) {
    if (event.button || !this.block) return;
    event.preventDefault();
    const { block, button, editor } = this;
    this.hasMoved = false;
    button.setPointerCapture(event.pointerId);
    let y = event.clientY, frame = 0;
    const follow = ({ clientY }) => {
      y = clientY;
      if (!this.hasMoved && Math.abs(clientY - event.clientY) < FAR) return;
      this.hasMoved = this.isDragging = true;
      block.classList.add("dragged");
      frame ||= requestAnimationFrame(scroll);
      arrange(clientY);
    };
    const scroll = () => {
      const by = y < EDGE ? -STEP : y > innerHeight - EDGE ? STEP : 0;
      for (const one of [document.getElementById("main"), document.scrollingElement]) one?.scrollBy({ top: by, behavior: "instant" });
      if (by) arrange(y);
      frame = this.isDragging ? requestAnimationFrame(scroll) : 0;
    };
    const arrange = (clientY) => {
      const over = [...editor.root.children].find((one) => one.getBoundingClientRect().top <= clientY && clientY <= one.getBoundingClientRect().bottom);
      if (!over || over === block) return;
      const { top, bottom } = over.getBoundingClientRect();
      const half = Math.min(bottom - top, block.offsetHeight) / 2;
      const isBelow = block.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_FOLLOWING;
      if (isBelow && clientY > top + half) over.after(block);
      else if (!isBelow && clientY < bottom - half) over.before(block);
      button.style.top = `${block.offsetTop}px`;
    };
    button.addEventListener("pointermove", follow);
    button.addEventListener("lostpointercapture", () => {
      button.removeEventListener("pointermove", follow);
      this.isDragging = false;
      block.classList.remove("dragged");
      if (this.hasMoved) editor.changed();
    }, { once: true });
  }
}
