// What a clipboard holds, as blocks: spreadsheet ranges as tables, pages as what they say, other text as Markdown.

import { read, writeRuns } from "./editor-markdown.js";
import { runsOf } from "./editor-dom.js";

const ROWS_MAX = 500, COLUMNS_MAX = 40; // of a pasted table; more is data, and belongs into a file
const BLOCK = "address, article, blockquote, dd, details, div, dl, dt, figure, footer, form, h1, h2, h3, h4, h5, h6, header, hr, li, main, nav, ol, p, pre, section, table, ul";

/** {blocks, note} of a clipboard, {line} if it is a piece of a line with looks, null if it is plain. */
export function blocksIn(data) {
  const html = data.getData("text/html"), text = data.getData("text/plain").replace(/\r\n?/g, "\n");
  const page = html ? parse(html) : null;
  const table = page?.querySelector("table");
  if (table && page.body.textContent.trim().length - table.textContent.trim().length < 80) return ranged(rowsOf(table));
  const range = rangeIn(text);
  if (range) return ranged(range);
  if (page) {
    const blocks = blocksOf(page.body);
    if (blocks.length > 1 || (blocks.length && blocks[0].kind !== "paragraph")) return { blocks };
    if (blocks.length && /[*`~\]]/.test(blocks[0].text) && !text.includes("\n")) return { line: blocks[0].text };
  }
  if (!text.includes("\n")) return null;
  return { blocks: blocksOfText(text) };
}

export const blocksOfText = (text) => read(text).units.flatMap((unit) => unit.blocks);

/** The rows of a spreadsheet's text; null if it is none. A cell with a line break or a tab in it stands in quotes. */
export function rangeIn(text) {
  if (!text.includes("\t")) return null;
  const rows = [[]];
  for (const [, quoted, plain, end] of text.replace(/\n$/, "").matchAll(/(?:"((?:[^"]|"")*)"(?=[\t\n]|$)|([^\t\n]*))(\t|\n|$)/g)) {
    rows.at(-1).push((quoted?.replaceAll('""', '"') ?? plain ?? "").replace(/\s+/g, " ").trim());
    if (end === "\n") rows.push([]);
    if (end === "") break;
  }
  const [{ length }] = rows;
  return length > 1 && rows.every((row) => row.length === length) ? rows : null;
}

function ranged(rows) {
  const filled = rows.filter((row) => row.some(Boolean));
  const width = Math.max(...filled.map((row) => row.length), 0);
  if (!width) return null;
  const kept = filled.slice(0, ROWS_MAX).map((row) => Array.from({ length: Math.min(width, COLUMNS_MAX) }, (_, n) => row[n] ?? ""));
  const cut = filled.length > ROWS_MAX || width > COLUMNS_MAX;
  return { blocks: [{ kind: "table", rows: kept }], note: cut ? `The range has ${filled.length.toLocaleString("en")} rows; the first ${kept.length} are here. As a CSV file all of it could be drawn.` : "" };
}

const rowsOf = (table) => [...table.rows].map((row) => [...row.cells].flatMap((cell) => [lineOf(cell), ...Array(Math.max(0, Math.min(COLUMNS_MAX, cell.colSpan) - 1)).fill("")]));

// Of a pasted page only what it says is read: no style and no script of it gets as far as this page's policy. Google's
// documents would be bold all over.
const parse = (html) => new DOMParser().parseFromString(html.replace(/<[^>]*>/g, (tag) => (/^<b\s[^>]*docs-internal/i.test(tag) ? "<span>" : tag.replace(/\s(?:style|on\w+)\s*=\s*("[^"]*"|'[^']*'|[^\s>]+)/gi, ""))), "text/html");

function lineOf(node) {
  const runs = runsOf(node).map((run) => ({ ...run, text: run.text === "\n" ? "\n" : run.text.replace(/\s+/g, " ") }));
  return writeRuns(runs).replace(/ *\n */g, "\n").trim();
}

function blocksOf(node) {
  const blocks = [];
  let line = null;
  const flush = () => {
    const text = line ? lineOf(line) : "";
    if (text) blocks.push({ kind: "paragraph", text });
    line = null;
  };
  for (const child of node.childNodes) {
    const isBlock = child.nodeType === Node.ELEMENT_NODE && (child.matches(BLOCK) || child.querySelector(BLOCK));
    if (["SCRIPT", "STYLE", "META", "TITLE"].includes(child.nodeName) || child.nodeType === Node.COMMENT_NODE) continue;
    if (!isBlock) (line ??= node.ownerDocument.createElement("p")).append(child.cloneNode(true)); // in its own page, where nothing loads or runs
    else { flush(); blocks.push(...blockOf(child)); }
  }
  flush();
  return blocks;
}

function blockOf(element) {
  const name = element.nodeName;
  if (/^H[1-6]$/.test(name)) return [{ kind: "heading", level: Math.min(4, Math.max(2, Number(name[1]))), text: lineOf(element).replaceAll("\n", " ") }];
  if (name === "UL" || name === "OL") return itemsOf(element, 0);
  if (name === "TABLE") return ranged(rowsOf(element))?.blocks ?? [];
  if (name === "PRE") return [{ kind: "code", language: "", text: element.textContent.replace(/\n$/, "") }];
  if (name === "BLOCKQUOTE") return [{ kind: "quote", text: blocksOf(element).map((block) => block.text ?? "").join("\n") }];
  if (name === "HR") return [{ kind: "divider" }];
  return blocksOf(element);
}

function itemsOf(list, level) {
  return [...list.children].flatMap((item) => {
    if (item.matches("ul, ol")) return itemsOf(item, level + 1);
    const line = item.cloneNode(true);
    for (const inner of line.querySelectorAll("ul, ol")) inner.remove();
    const box = line.querySelector("input[type=checkbox]");
    const kind = box ? { list: "task", checked: box.hasAttribute("checked") } : { list: list.nodeName === "OL" ? "number" : "bullet" };
    return [{ kind: "item", level: Math.min(level, 5), ...kind, text: lineOf(line) }, ...[...item.children].filter((one) => one.matches("ul, ol")).flatMap((inner) => itemsOf(inner, level + 1))];
  });
}
