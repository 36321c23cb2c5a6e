// Copy, cut, paste and drop in the block editor. What several blocks say leaves as Markdown; what comes in is read by editor-paste.js.

import { writeUnit } from "./editor-markdown.js";
import { addColumn, addRow, cut, cutOut, insert, selected, touched, typeWith } from "./editor-commands.js";
import { blockAt, blockOf, caret, draw, fieldAt, fields, fill, isEmpty, isIsland, offsetOf, sizeOf } from "./editor-dom.js";
import { blocksIn, blocksOfText } from "./editor-paste.js";

const ADDRESS = /^(?:https?:\/\/|mailto:)\S+$/;
const onLine = (text) => text.replace(/\s+/g, " ");

export class Clipboard {
  constructor(editor) {
    this.editor = editor;
    const { root } = editor;
    root.addEventListener("copy", (event) => this.copy(event));
    root.addEventListener("cut", (event) => this.cut(event));
    root.addEventListener("paste", (event) => this.paste(event));
    root.addEventListener("dragstart", (event) => event.preventDefault());
    root.addEventListener("dragover", (event) => { if ([...event.dataTransfer.types].includes("Files")) event.preventDefault(); });
    root.addEventListener("drop", (event) => this.drop(event));
  }

  /** What is selected across blocks, as Markdown; inside of one the browser does it. True if it was ours. */
  copy(event) {
    const at = selected(this.editor.root);
    if (!at || at.collapsed || at.whole) return false;
    const groups = [];
    for (const block of this.selectedBlocks(at)) {
      if (block.kind === "item" && groups.at(-1)?.[0].kind === "item") groups.at(-1).push(block);
      else groups.push([block]);
    }
    event.preventDefault();
    event.clipboardData.setData("text/plain", groups.map(writeUnit).join("\n\n"));
    return true;
  }

  cut(event) {
    const { editor } = this;
    if (this.copy(event)) editor.act(() => cutOut(editor.root));
  }

  /** The blocks of the selection, the first and the last only as far as they are selected. */
  selectedBlocks({ range, field, start }) {
    const end = fieldAt(range.endContainer);
    const blocks = touched(this.editor.root);
    return blocks.map((block) => {
      const copy = block.cloneNode(true);
      if (isIsland(block)) return copy;
      if (block.contains(field)) fill(fields(copy)[fields(block).indexOf(field)], cut(field, start, Infinity));
      if (block.contains(end)) fill(fields(copy)[fields(block).indexOf(end)], cut(end, 0, offsetOf(end, range.endContainer, range.endOffset)));
      return copy;
    }).filter((copy) => !isEmpty(copy)).map(blockOf);
  }

  paste(event) {
    const { editor } = this;
    const at = selected(editor.root);
    const { clipboardData: data } = event;
    if (!at || !data) return;
    event.preventDefault();
    event.stopPropagation();
    const pictures = [...data.files].filter((file) => file.type.startsWith("image/"));
    const text = data.getData("text/plain").replace(/\r\n?/g, "\n");
    const found = blocksIn(data);
    const table = found?.blocks?.[0]?.kind === "table" ? found.blocks[0] : null; // a spreadsheet sends a picture of it, too
    editor.tell(found?.note ?? "");
    if (pictures.length && !table) editor.pictures.add(pictures);
    else if (at.field?.matches("td, th")) editor.act(() => fillCells(at.field, table?.rows ?? [[onLine(text)]]));
    else if (at.whole && !at.collapsed && ADDRESS.test(text.trim())) editor.typing.mark("href", text.trim());
    else editor.act(() => this.put(found, text), table ? `Table with ${table.rows.length} rows` : "Pasted");
  }

  /** Text with several lines that came without a paste: from a keyboard's own clipboard, or dictated. */
  pasteText(text) {
    this.editor.act(() => this.put({ blocks: blocksOfText(text) }, text));
  }

  put(found, text) {
    const { editor } = this;
    cutOut(editor.root);
    if (!selected(editor.root)?.field) editor.focus();
    const { block, field } = selected(editor.root);
    if (block.dataset.kind === "code") typeWith(editor.root, text, {});
    else if (field.matches("figcaption, td, th")) typeWith(editor.root, onLine(text), {});
    else if (found?.blocks?.length) insert(editor.root, found.blocks);
    else if (found?.line) putRuns(editor.root, lineOf(found.line));
    else typeWith(editor.root, text, {});
  }

  drop(event) {
    const { editor } = this;
    const files = [...event.dataTransfer.files];
    const pictures = files.filter((file) => file.type.startsWith("image/"));
    if (files.length && !pictures.length) return; // the page takes it
    event.preventDefault();
    event.stopPropagation();
    const block = blockAt(editor.root, event.target);
    const field = block && !isIsland(block) ? fields(block).at(-1) : null;
    if (field) caret(field, sizeOf(field));
    editor.pictures.add(pictures);
    this.passOn(files.filter((file) => !pictures.includes(file)));
  }

  /** Files that are no pictures, to the form's own field for files. */
  passOn(files) {
    const input = this.editor.form.querySelector("input[type=file][name=files]");
    if (!files.length || !input) return;
    const carrier = new DataTransfer();
    for (const file of files) carrier.items.add(file);
    input.files = carrier.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

/** The pieces of a line of Markdown. */
const lineOf = (text) => cut(draw({ kind: "paragraph", text }), 0, Infinity);

function putRuns(root, runs) {
  const { field, start } = selected(root);
  fill(field, [...cut(field, 0, start), ...runs, ...cut(field, start, Infinity)]);
  caret(field, start + runs.reduce((sum, run) => sum + run.text.length, 0));
}

/** A range goes into the cells from this one on; the table grows as it must. */
function fillCells(field, rows) {
  const table = field.closest("table");
  const top = field.parentElement.rowIndex, left = field.cellIndex;
  while (table.rows.length < top + rows.length) addRow(table);
  while (table.rows[0].cells.length < left + rows[0].length) addColumn(table);
  rows.forEach((row, y) => row.forEach((text, x) => fill(table.rows[top + y].cells[left + x], lineOf(text))));
  const last = table.rows[top + rows.length - 1].cells[left + rows[0].length - 1];
  caret(last, sizeOf(last));
}
