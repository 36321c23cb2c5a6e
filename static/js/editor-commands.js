// What can be done to the blocks: split, join, turn into another kind, move, indent, mark. Each works on the elements and says
// nothing to anybody; the editor notices by itself what changed.

import { LOOKS, canSay } from "./editor-markdown.js";
import { blockAt, blockOf, caret, draw, fieldAt, fields, fill, isEmpty, isIsland, isText, make, offsetOf, runsOf, setCode, settle, sizeOf, textOf } from "./editor-dom.js";

const LEVELS_MAX = 6;
const EMPTY = { kind: "paragraph", text: "" };

/** The selection in words of fields: {field, block, start, end, whole: whether it stays in one field}; null outside. */
export function selected(root) {
  const selection = getSelection();
  if (!selection.rangeCount || !root.contains(selection.anchorNode)) return null;
  const range = selection.getRangeAt(0);
  const field = fieldAt(range.startContainer), last = fieldAt(range.endContainer);
  const whole = field !== null && field === last;
  return {
    range, field, whole,
    block: blockAt(root, field ?? range.startContainer) ?? root.children[Math.min(range.startOffset, root.children.length - 1)],
    start: field ? offsetOf(field, range.startContainer, range.startOffset) : 0,
    end: whole ? offsetOf(field, range.endContainer, range.endOffset) : 0,
    collapsed: range.collapsed,
  };
}

/** The blocks that the selection touches. */
export function touched(root) {
  const selection = getSelection();
  if (!selection.rangeCount || !root.contains(selection.anchorNode)) return [];
  const range = selection.getRangeAt(0);
  const within = blockAt(root, range.commonAncestorContainer);
  return within ? [within] : [...root.children].filter((block) => range.intersectsNode(block));
}

/** Take out what is selected across blocks; the caret stands where it was. */
export function cutOut(root) {
  const at = selected(root);
  if (!at || at.collapsed) return;
  if (at.whole) { at.range.deleteContents(); settle(at.field); caret(at.field, at.start); return; }
  const blocks = touched(root);
  const [first] = blocks, last = blocks.at(-1);
  const end = fieldAt(at.range.endContainer);
  const from = at.field && first.contains(at.field) && isText(first) ? at.start : null;
  const rest = end && last.contains(end) && !isIsland(last) ? runsAfter(end, offsetOf(end, at.range.endContainer, at.range.endOffset)) : [];
  const kept = from === null ? draw(EMPTY) : first;
  const isCode = first.dataset.kind === "code" && at.field;
  if (isCode) setCode(at.field, blockOf(first).text.slice(0, at.start));
  if (isCode) first.after(kept);
  else if (from === null) first.before(kept);
  const field = from === null ? kept : at.field;
  const before = from === null ? [] : runsBefore(field, from);
  for (const block of blocks) if (block !== kept && !(isCode && block === first)) block.remove();
  fill(field, [...before, ...rest]);
  caret(field, from ?? 0);
}

/** Enter. */
export function split(root) {
  const { field, block, start } = selected(root);
  const { kind } = block.dataset;
  if (kind === "code") return splitCode(block, field, start);
  if (kind === "table") return below(block, field);
  if (kind === "image") return after(block);
  if (field.matches("b.f")) return caret(block.querySelector("p.f"), 0);
  const text = textOf(field);
  if (kind === "item" && !text.trim()) return Number(block.dataset.level) > 0 ? indent(root, -1) : become(block, EMPTY);
  if (kind === "paragraph" && /^---+$/.test(text)) { const rule = become(block, { kind: "divider" }, false); return after(rule); }
  const fence = kind === "paragraph" && /^```([\w+#.-]*)$/.exec(text);
  if (fence) return become(block, { kind: "code", language: fence[1], text: "" });
  const rest = runsAfter(field, start);
  if (start === 0 && rest.length && kind !== "item") { block.before(draw(EMPTY)); return caret(field, 0); }
  const fresh = draw(kind === "item" ? { ...blockOf(block), text: "", checked: false } : EMPTY);
  fill(field, runsBefore(field, start));
  fill(fields(fresh)[0], rest);
  block.after(fresh);
  return caret(fields(fresh)[0], 0);
}

function splitCode(block, code, start) {
  const { text } = blockOf(block);
  if (start >= text.length && text.endsWith("\n")) { setCode(code, text.slice(0, -1)); return after(block); }
  setCode(code, `${text.slice(0, start)}\n${text.slice(start)}`);
  return caret(code, start + 1);
}

/** Shift and Enter. */
export function breakLine(root) {
  const { field, block, start, range } = selected(root);
  const { kind } = block.dataset;
  if (kind === "code") return splitCode(block, field, start);
  if (kind === "heading" || isIsland(block) || field.matches("b")) return split(root);
  range.insertNode(make("br"));
  settle(field);
  return caret(field, start + 1);
}

/** An empty paragraph after a block, with the caret. */
export function after(block) {
  const next = block.nextElementSibling;
  const fresh = next && isText(next) && isEmpty(next) ? next : draw(EMPTY);
  if (fresh !== next) block.after(fresh);
  caret(fields(fresh)[0], 0);
}

/** Backspace at the very beginning of a field. Returns whether it was ours to do. */
export function joinBack(root) {
  const { field, block, start } = selected(root);
  if (start > 0) return false;
  const { kind } = block.dataset;
  if (isIsland(block)) return true;
  if (field.matches(".words > p") && block.querySelector("b.f")) { const title = block.querySelector("b.f"); const size = sizeOf(title); fill(title, [...runsOf(title), ...runsOf(field)]); fill(field, []); caret(title, size); return true; }
  if (kind === "item" && Number(block.dataset.level) > 0) { indent(root, -1); return true; }
  if (kind !== "paragraph") { become(block, { kind: "paragraph", text: kind === "code" ? blockOf(block).text : textOf(field) }); return true; }
  const before = block.previousElementSibling;
  if (!before) return true;
  if (before.dataset.kind === "divider" || before.matches(".chosen")) before.remove();
  else if (isText(before)) join(before, block);
  else if (before.dataset.kind === "code") {
    if (isEmpty(block)) block.remove();
    caret(fields(before)[0], sizeOf(fields(before)[0]));
  } else before.classList.add("chosen");
  return true;
}

/** Delete at the very end of a field. */
export function joinNext(root) {
  const { field, block, start } = selected(root);
  if (start < sizeOf(field)) return false;
  if (block.dataset.kind === "code" || isIsland(block)) return true;
  const all = fields(block);
  if (field !== all.at(-1)) return true;
  const next = block.nextElementSibling;
  if (!next) return true;
  if (isEmpty(block) && block.dataset.kind === "paragraph") { const [to] = fields(next); if (to && !isIsland(next)) { block.remove(); caret(to, 0); } }
  else if (isText(next)) join(block, next);
  else if (next.dataset.kind === "divider") next.remove();
  return true;
}

function join(first, second) {
  const field = fields(first).at(-1), size = sizeOf(field);
  fill(field, [...runsOf(field), ...fields(second).flatMap((one, n) => [...(n ? [{ text: "\n" }] : []), ...runsOf(one)])]);
  second.remove();
  caret(field, size);
}

/** Turn a block into another kind, with the caret in it. */
export function become(block, change, focus = true) {
  const was = blockOf(block);
  const fresh = draw({ list: "bullet", level: change.kind === "heading" ? 2 : was.kind === "item" ? was.level : 0, tone: "note", title: "", language: "", text: was.text ?? "", ...change });
  block.replaceWith(fresh);
  const [field] = fields(fresh).toReversed();
  if (focus && field) caret(field, Math.min(sizeOf(field), change.at ?? 0));
  return fresh;
}

/** What the selection's blocks are to be: again the same makes them text. */
export function turnInto(root, change) {
  const at = selected(root);
  const blocks = touched(root).filter((block) => !isIsland(block));
  const isSo = (block) => Object.entries(change).every(([name, value]) => String(value) === (block.dataset[name] ?? ""));
  const target = blocks.length && blocks.every(isSo) ? EMPTY : change;
  for (const block of blocks) {
    const { text, kind } = blockOf(block);
    const said = target.kind === "code" && kind !== "code" ? fields(block).map((one) => runsOf(one).map((run) => run.text).join("")).join("\n") : text;
    const fresh = become(block, { ...target, text: said, at: blocks.length === 1 ? at?.start : 0 }, blocks.length === 1);
    if (block === at?.block && blocks.length > 1) caret(fields(fresh)[0], 0);
  }
}

/** Put blocks where the caret is; an empty block makes way. The caret goes to the end of the last, or into an empty table. */
export function insert(root, blocks) {
  const elements = blocks.map(draw);
  const at = selected(root);
  let block = at?.block ?? root.lastElementChild;
  if (at?.field && !isIsland(block) && block.dataset.kind !== "code" && at.start < sizeOf(at.field) && at.start > 0) {
    const rest = draw({ ...blockOf(block), text: "", title: "" });
    fill(fields(rest)[0], runsAfter(at.field, at.start));
    fill(at.field, runsBefore(at.field, at.start));
    block.after(rest);
  }
  if (at?.start === 0 && at.field && !isIsland(block) && sizeOf(at.field) > 0) block.before(...elements);
  else block.after(...elements);
  if (isText(block) && isEmpty(block)) block.remove();
  else if (block.dataset.kind === "item" && !textOf(fields(block)[0]).trim()) block.remove();
  block = elements.at(-1);
  const [field] = fields(block);
  if (isIsland(block) && !(block.dataset.kind === "table" && !textOf(field))) after(block);
  else caret(field, sizeOf(field));
  return elements;
}

/** Move the selection's blocks up (-1) or down (1). Returns the first of them, or null if there is no way. */
export function move(root, step) {
  const blocks = touched(root);
  const beyond = step < 0 ? blocks[0]?.previousElementSibling : blocks.at(-1)?.nextElementSibling;
  if (!beyond) return null;
  const at = selected(root);
  const end = at && !at.whole ? null : at?.end;
  if (step < 0) blocks.at(-1).after(beyond);
  else blocks[0].before(beyond);
  if (at?.field && end !== null) caret(at.field, at.start, end);
  return blocks[0];
}

/** Tab and Shift+Tab in lists: deeper by one level, or less deep, with what stands inside. */
export function indent(root, step) {
  const blocks = touched(root).filter((block) => block.dataset.kind === "item");
  for (const block of blocks) {
    const level = Number(block.dataset.level);
    const above = block.previousElementSibling?.dataset.kind === "item" ? Number(block.previousElementSibling.dataset.level) : -1;
    const wanted = Math.max(0, Math.min(level + step, above + 1, LEVELS_MAX - 1));
    const inner = [];
    for (let next = block.nextElementSibling; next?.dataset.kind === "item" && Number(next.dataset.level) > level; next = next.nextElementSibling) if (!blocks.includes(next)) inner.push(next);
    block.dataset.level = wanted;
    for (const one of inner) one.dataset.level = Math.min(LEVELS_MAX - 1, Number(one.dataset.level) + wanted - level);
  }
  return blocks.length > 0;
}

/** The next or previous cell; a row more after the last. */
export function nextCell(field, step) {
  const table = field.closest("table");
  const cells = [...table.querySelectorAll(".f")];
  const at = cells.indexOf(field) + step;
  if (at < 0) return;
  if (at >= cells.length) addRow(table);
  const to = table.querySelectorAll(".f")[at];
  caret(to, 0, sizeOf(to));
}

function below(block, field) {
  const row = field.parentElement;
  const rows = [...block.querySelectorAll("tr")];
  const next = rows[rows.indexOf(row) + 1];
  if (next) caret(next.cells[field.cellIndex], 0, sizeOf(next.cells[field.cellIndex]));
  else if ([...row.cells].every((one) => !textOf(one)) && rows.length > 2) { row.remove(); after(block); } else { addRow(block.querySelector("table")); below(block, field); }
}

export function addRow(table) {
  const { rows } = blockOf(table.parentElement);
  const body = draw({ kind: "table", rows: [rows[0], rows[0].map(() => "")] }).querySelector("tbody tr");
  table.tBodies[0].append(body);
}

/** One column more at the right. */
export function addColumn(table) {
  const block = blockOf(table.parentElement);
  replaceTable(table, block.rows.map((row) => [...row, ""]));
}

/** The row with this cell less, or the last; a table keeps one under its head. */
export function removeRow(table, cell) {
  const row = cell && table.tBodies[0].contains(cell) ? cell.parentElement : table.tBodies[0].lastElementChild;
  if (table.rows.length < 3) return;
  const to = row.previousElementSibling?.cells[0] ?? table.rows[0].cells[0];
  const hadCaret = row.contains(getSelection().anchorNode);
  row.remove();
  if (hadCaret) caret(to, 0);
}

/** The column with this cell less, or the last; a table keeps one. */
export function removeColumn(table, cell) {
  const { rows } = blockOf(table.parentElement);
  const at = cell?.cellIndex ?? rows[0].length - 1;
  if (rows[0].length > 1) replaceTable(table, rows.map((row) => row.filter((_, n) => n !== at)));
}

export function replaceTable(table, rows) {
  const fresh = draw({ kind: "table", rows }).querySelector("table");
  table.replaceChildren(...fresh.children);
}

// Looks

const runsBefore = (field, offset) => cut(field, 0, offset);
const runsAfter = (field, offset) => cut(field, offset, Infinity);

/** The pieces of a field between two places. */
export function cut(field, start, end) {
  let at = 0;
  const found = [];
  for (const run of runsOf(field)) {
    const from = Math.max(0, start - at), to = Math.min(run.text.length, end - at);
    if (from < to) found.push({ ...run, text: run.text.slice(from, to) });
    at += run.text.length;
  }
  return found;
}

/** Put a look on the selection, or take it off if all of it has it. False where Markdown cannot say it. */
export function toggleLook(root, look, value = true) {
  const at = selected(root);
  if (!at?.field || !at.whole || at.field.closest("figcaption, pre")) return false;
  let { start, end } = at;
  if (start === end) [start, end] = wordAt(at.field, start);
  if (start === end) return false;
  const inside = cut(at.field, start, end);
  const on = look === "href" ? value : !inside.every((run) => run[look] || run.text === "\n");
  const marked = inside.map((run) => (run.text === "\n" ? run : { ...run, [look]: on || undefined }));
  const runs = [...runsBefore(at.field, start), ...trimmed(marked, look), ...runsAfter(at.field, end)];
  if (!canSay(runs)) return false;
  fill(at.field, runs);
  caret(at.field, at.start === at.end ? at.start : start, at.start === at.end ? at.start : end);
  return true;
}

/** Spaces at the ends stay plain: Markdown has no words for a bold space. */
function trimmed(runs, look) {
  const plain = (run) => ({ ...run, [look]: undefined });
  return runs.flatMap((run, n) => {
    if (!run[look]) return [run];
    const before = n === 0 ? /^\s*/.exec(run.text)[0] : "", rest = run.text.slice(before.length);
    const behind = n === runs.length - 1 ? /\s*$/.exec(rest)[0] : "";
    return [{ ...plain(run), text: before }, { ...run, text: rest.slice(0, rest.length - behind.length) }, { ...plain(run), text: behind }].filter((one) => one.text);
  });
}

export function wordAt(field, offset) {
  const text = runsOf(field).map((run) => run.text).join("");
  const before = /[\p{L}\p{N}_]*$/u.exec(text.slice(0, offset))[0], behind = /^[\p{L}\p{N}_]*/u.exec(text.slice(offset))[0];
  return [offset - before.length, offset + behind.length];
}

const TYPED_LOOK = /(`[^`\n]+`|\*\*\*[^*\n]+\*\*\*|\*\*[^*\n]+\*\*|(?<![\p{L}\p{N}_*])\*[^*\s][^*\n]*\*|~~[^~\n]+~~|\[[^[\]\n]+\]\([^()\s]+\))$/u;

/** Type with a look, or plainly after one. */
export function typeWith(root, text, look) {
  const { field, start } = selected(root);
  if (field.matches("code.f")) setCode(field, blockOf(field.parentElement).text.slice(0, start) + text + blockOf(field.parentElement).text.slice(start));
  else fill(field, [...runsBefore(field, start), { ...look, text }, ...runsAfter(field, start)]);
  caret(field, start + text.length);
}

/** The looks of what stands before the caret. */
export const looksAt = (field, offset) => { const { text: _, ...look } = cut(field, 0, offset).at(-1) ?? {}; return look; };

/** What was just typed as Markdown gets its look: `**bold**` and its kin, `## ` and its kin at the beginning. */
export function typed(root) {
  const at = selected(root);
  if (!at?.field || !at.collapsed || at.field.closest("pre, figcaption")) return false;
  const runs = cut(at.field, 0, at.start);
  const text = runs.map((run) => run.text).join("");
  const start = at.field === at.block || at.field.parentElement === at.block ? START.find(([pattern]) => pattern.test(text)) : null;
  if (start && runs.length === 1 && ["paragraph", "item"].includes(at.block.dataset.kind) && !LOOKS.some((look) => runs[0][look])) {
    const [pattern, change] = start;
    const wanted = change(pattern.exec(text));
    if (at.block.dataset.kind === "paragraph" || wanted.list) {
      fill(at.field, runsAfter(at.field, at.start));
      become(at.block, { ...wanted, text: wanted.kind === "code" ? "" : textOf(at.field) });
      return true;
    }
  }
  const match = runs.length && !LOOKS.some((look) => runs.at(-1)[look]) && TYPED_LOOK.exec(runs.at(-1).text);
  if (!match || match[0].length < 3) return false;
  const field = draw({ kind: "paragraph", text: match[0] });
  const looks = runsOf(field);
  const kept = cut(at.field, 0, at.start - match[0].length);
  const rest = runsAfter(at.field, at.start);
  if (!canSay([...kept, ...looks, ...rest])) return false;
  fill(at.field, [...kept, ...looks, ...rest]);
  caret(at.field, [...kept, ...looks].reduce((sum, run) => sum + run.text.length, 0));
  return true;
}

const START = [
  [/^(#{1,4}) $/, ([, marks]) => ({ kind: "heading", level: marks.length })],
  [/^\[([ xX]?)\] $/, ([, mark]) => ({ kind: "item", list: "task", checked: mark.trim() !== "" })],
  [/^[-*] \[([ xX]?)\] $/, ([, mark]) => ({ kind: "item", list: "task", checked: mark.trim() !== "" })],
  [/^[-*] $/, () => ({ kind: "item", list: "bullet" })],
  [/^\d{1,9}[.)] $/, () => ({ kind: "item", list: "number" })],
  [/^> $/, () => ({ kind: "quote" })],
  [/^```$/, () => ({ kind: "code", language: "" })],
];
