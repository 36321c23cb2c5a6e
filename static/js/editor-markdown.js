// Markdown of a description to blocks and back, as the server reads it (issues/blocks/description.py, runs.py). Pure.
//
// A text is read as units: {gap, source, blocks, closed}. `source` is the very text of the unit, `gap` what stood before it
// (empty lines), and `blocks` what it says; the items of one list are one unit. Whoever keeps `gap` and `source` of what was
// not touched gets the same text back, byte by byte. What the editor does not know is a block of kind "raw".

const SPACE = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]"; // of Python's strip()
const EMPTY = new RegExp(`^${SPACE}*$`);
const EMPTY_LINES = new RegExp(`\n(?:${SPACE}*\n)+`);
const END = new RegExp(`${SPACE}+$`);
const FENCE = /^(`{3,})([\p{L}\p{N}_+#.-]*)[ \t]*$/u;
const HEADING = new RegExp(`^(#{1,4}) +(.*${SPACE.replace("[", "[^")})${SPACE}*$`, "s");
const DIVIDER = new RegExp(`^(?:---+|\\*\\*\\*+)${SPACE}*$`);
const ITEM = /^([ \t]*)(?:([-*])|\d{1,9}[.)]) (?:\[([ xX])\] )?(.*)$/s;
const CALLOUT = /^> ?\[!(note|warning|danger|quiet)\](?: +(.*?))?$/s;
const IMAGE = /^!\[([^[\]\n]*)\]\(([^()\s]+)\)$/;
const HEAD_RULE = /^\|(?:\s*:?-{3,}:?\s*\|)+\s*$/;
// A backslash before one of these signs makes it a letter; before anything else it is itself. (Why: runs.py.)
const SIGNS = String.raw`\x60*~\[\]#>|!-`;
const LETTER = String.raw`(?:\\\\)*\\[${SIGNS}]`;
const PAIRS = String.raw`(?:\\\\)+(?=[${SIGNS}])`;
const within = (ends) => String.raw`(?:${LETTER}|${PAIRS}|\\+(?![\\${SIGNS}])|[^${ends}\n\\])+`;
const STARRED = within("*");
const INLINE = new RegExp([
  String.raw`(?<!\\)(${LETTER})`,
  String.raw`(?<!\\)(${PAIRS})`,
  String.raw`\x60([^\x60\n]+)\x60`,
  String.raw`\*\*\*(${STARRED})\*\*\*`,
  String.raw`\*\*(${STARRED})\*\*`,
  String.raw`(?<![\p{L}\p{N}_*])\*((?!\s)${STARRED})\*(?![\p{L}\p{N}_*])`,
  String.raw`~~(${within("~")})~~`,
  String.raw`\[(${within(String.raw`\[\]`)})\]\(([^()\s]+)\)`,
].join("|"), "gu");
const LEVELS_MAX = 6; // of lists inside each other
const INLINE_MAX = 4; // looks inside each other
export const LOOKS = ["href", "strike", "bold", "italic", "code"]; // from the outside in

/** The units of a text, and what stands after the last. */
export function read(text) {
  const lines = text.split("\n");
  const units = [];
  let gap = "", at = 0;
  const add = (begin, end, blocks, closed = true) => {
    units.push({ gap, source: lines.slice(begin, end).join("\n"), blocks, closed });
    gap = "\n";
  };
  while (at < lines.length) {
    if (EMPTY.test(lines[at])) {
      gap += lines[at] + (at + 1 < lines.length ? "\n" : "");
      at += 1;
      continue;
    }
    const fence = FENCE.exec(lines[at]);
    let end = at + 1;
    if (fence) {
      while (end < lines.length && trimEnd(lines[end]) !== fence[1]) end += 1;
      const closed = end < lines.length;
      add(at, closed ? end + 1 : end, [fenced(fence, lines.slice(at, end))], closed);
      end += closed ? 1 : 0;
    } else {
      while (end < lines.length && !EMPTY.test(lines[end]) && !FENCE.test(lines[end])) end += 1;
      readPiece(lines, at, end, add);
    }
    at = end;
    if (at >= lines.length) gap = "";
  }
  return { units, tail: gap };
}

/** The text that these units make. Each has `blocks`; one that was read before has it as `origin`, with `written`. */
export function write(units, tail = "") {
  let text = "", before = null, wasTouched = false;
  units.forEach((unit, n) => {
    const written = writeUnit(unit.blocks);
    const { origin } = unit;
    const touched = !origin || origin.written !== written || (!origin.closed && n < units.length - 1);
    const follows = origin && (before ? before.origin && origin.before === before.origin : !origin.before);
    const gap = follows && ((!touched && !wasTouched) || /\n\s*\n/.test(origin.gap) || !before) ? origin.gap : before ? "\n\n" : "";
    text += gap + (touched ? written : origin.source);
    before = unit;
    wasTouched = touched;
  });
  return before && !before.origin?.last ? text : text + tail;
}

/** Remember what the units of `read` look like untouched. */
export function remember({ units }) {
  units.forEach((unit, n) => Object.assign(unit, { before: units[n - 1] ?? null, last: n === units.length - 1, written: writeUnit(unit.blocks) }));
}

function fenced([, fence, language], lines) {
  const text = lines.slice(1).join("\n");
  if (language !== "block") return { kind: "code", language, text };
  return sayable(text) ?? { kind: "raw", source: [...lines, fence].join("\n"), text };
}

/** A block of ours that stands as JSON because Markdown would say something else: it is edited as what it is. */
function sayable(json) {
  let found;
  try {
    found = JSON.parse(json);
  } catch {
    return null;
  }
  const { type: kind, text } = found ?? {};
  const has = (...names) => JSON.stringify(Object.keys(found).sort()) === JSON.stringify(["type", ...names].sort());
  const isLine = (value) => typeof value === "string" && value === trim(value) && !value.includes("\n");
  if (kind === "paragraph" && has("text") && typeof text === "string" && text && text === trim(text) && !EMPTY_LINES.test(text)) return { kind, text };
  if (kind === "heading" && has("text", "level") && isLine(text) && text && [1, 2, 3, 4].includes(found.level)) return { kind, level: found.level, text };
  if (kind === "quote" && has("text") && typeof text === "string") return { kind, text };
  if (kind === "table" && has("header", "rows") && [found.header, found.rows].every(Array.isArray) && found.header.length) {
    const rows = [found.header, ...found.rows];
    if (rows.every((row) => Array.isArray(row) && row.length === found.header.length && row.every(isLine))) return { kind, rows };
  }
  return null;
}

/** What stands between two empty lines: headings and rules first, then one body. */
function readPiece(lines, at, end, add) {
  while (at < end) {
    const heading = HEADING.exec(lines[at]);
    if (heading) add(at, at + 1, [{ kind: "heading", level: heading[1].length, text: heading[2] }]);
    else if (DIVIDER.test(lines[at])) add(at, at + 1, [{ kind: "divider" }]);
    else break;
    at += 1;
  }
  if (at < end) add(at, end, readBody(lines.slice(at, end)));
}

function readBody(lines) {
  const [first] = lines;
  if (lines.every((line) => line.startsWith(">"))) {
    const callout = CALLOUT.exec(trimEnd(first));
    const text = lines.slice(callout ? 1 : 0).map((line) => line.replace(/^> ?/, "")).join("\n");
    return [callout ? { kind: "callout", tone: callout[1], title: callout[2] ?? "", text } : { kind: "quote", text }];
  }
  if (lines.length > 1 && first.startsWith("|") && HEAD_RULE.test(lines[1])) {
    if (lines.every((line) => line.startsWith("|"))) return [{ kind: "table", rows: [first, ...lines.slice(2)].map(readRow) }];
  } else if (ITEM.test(first)) return readList(lines);
  const image = lines.length === 1 && IMAGE.exec(trimEnd(first));
  return [image ? { kind: "image", alt: image[1], url: image[2] } : { kind: "paragraph", text: lines.join("\n") }];
}

const trimEnd = (line) => line.replace(END, "");
export const trim = (line) => trimEnd(line).replace(new RegExp(`^${SPACE}+`), "");

function readRow(line) {
  return trim(line).replace(/^\|/, "").replace(/\|$/, "").split(/(?<!\\)\|/).map((cell) => trim(cell).replaceAll("\\|", "|"));
}

function readList(lines) {
  const items = [];
  const indents = [];
  for (const line of lines) {
    const match = ITEM.exec(line);
    if (!match) {
      items.at(-1).text += `\n${trim(line)}`;
      continue;
    }
    const [, space, bullet, box, text] = match;
    let indent = 0;
    for (const letter of space) indent += letter === "\t" ? 4 - (indent % 4) : 1;
    if (!indents.length) indents.push(indent);
    while (indents.length > 1 && indent < indents.at(-1)) indents.pop();
    if (items.length && indent >= indents.at(-1) + 2 && indents.length < LEVELS_MAX) indents.push(indent);
    const list = box !== undefined ? "task" : bullet ? "bullet" : "number";
    items.push({ kind: "item", list, level: indents.length - 1, text, ...(box === undefined ? {} : { checked: box !== " " }) });
  }
  return items;
}

const written = new WeakMap(); // block -> its Markdown: blocks are never changed

/** The Markdown of one unit; as JSON in a fence where Markdown would say something else. */
export function writeUnit(blocks) {
  if (blocks.length > 1) return writeAnew(blocks);
  if (!written.has(blocks[0])) written.set(blocks[0], writeAnew(blocks));
  return written.get(blocks[0]);
}

function writeAnew(blocks) {
  const parts = blocks[0].kind === "paragraph" ? blocks[0].text.split(EMPTY_LINES) : [];
  if (parts.length > 1) return parts.filter((part) => !EMPTY.test(part)).map((text) => writeUnit([{ kind: "paragraph", text }])).join("\n\n");
  const text = blocks[0].kind === "item" ? writeList(blocks) : writeBlock(blocks[0]);
  if (blocks[0].kind === "raw") return text;
  const again = read(`${text}\n\nx`).units;
  const same = again.length === 2 && again[0].blocks[0].kind !== "raw" && JSON.stringify(comparable(again[0].blocks)) === JSON.stringify(comparable(blocks));
  return same ? text : asJson(blocks).map((block) => `\`\`\`block\n${JSON.stringify(block)}\n\`\`\``).join("\n\n");
}

const FIELDS = ["kind", "level", "list", "checked", "text", "tone", "title", "language", "url", "alt", "rows"];
const comparable = (blocks) => blocks.map((block) => FIELDS.map((field) => block[field] ?? ""));

function writeBlock(block) {
  const { kind, text } = block;
  if (kind === "heading") return `${"#".repeat(block.level)} ${text}`;
  if (kind === "quote") return quoted(text);
  if (kind === "callout") return `> [!${block.tone}]${block.title ? ` ${block.title}` : ""}${text ? `\n${quoted(text)}` : ""}`;
  if (kind === "code") {
    const fence = "`".repeat(Math.max(3, 1 + Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length))));
    return `${fence}${block.language}\n${text}\n${fence}`;
  }
  if (kind === "table") return [block.rows[0], block.rows[0].map(() => "---"), ...block.rows.slice(1)].map((row) => `| ${row.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`).join("\n");
  if (kind === "image") return `![${block.alt}](${block.url})`;
  if (kind === "divider") return "---";
  return kind === "raw" ? block.source : text;
}

const quoted = (text) => text.split("\n").map((line) => (line ? `> ${line}` : ">")).join("\n");

function writeList(items) {
  const widths = [], counts = [], lists = [];
  return items.map(({ list, level, checked, text }) => {
    counts.length = lists.length = Math.min(counts.length, level + 1);
    counts[level] = lists[level] === list ? counts[level] + 1 : 1;
    lists[level] = list;
    const mark = list === "number" ? `${counts[level]}. ` : "- ";
    widths.length = Math.min(widths.length, level);
    const indent = " ".repeat(widths.reduce((sum, width) => sum + width, 0));
    widths[level] = mark.length;
    return `${indent}${mark}${list === "task" ? `[${checked ? "x" : " "}] ` : ""}${text}`;
  }).join("\n");
}

/** The blocks that the server would store. */
function asJson([block, ...more]) {
  if (block.kind === "item") return listJson([block, ...more]);
  const { kind, text } = block;
  if (kind === "table") return [{ type: kind, header: block.rows[0], rows: block.rows.slice(1) }];
  if (kind === "image") return [{ type: kind, url: block.url, alt: block.alt }];
  if (kind === "callout") return [{ type: kind, kind: block.tone, ...(block.title ? { title: block.title } : {}), text }];
  if (kind === "code") return [{ type: kind, text, ...(block.language ? { language: block.language } : {}) }];
  return [{ type: kind, ...(block.level ? { level: block.level } : {}), text }];
}

const LISTS = { bullet: "list", number: "numbered_list", task: "checklist" };

function listJson(items) {
  const lists = [];
  let inner = [];
  const close = () => {
    if (inner.length) {
      const list = lists.at(-1).items;
      const parent = list.at(-1);
      list[list.length - 1] = { ...(typeof parent === "string" ? { text: parent } : parent), children: listJson(inner) };
    }
    inner = [];
  };
  for (const item of items) {
    if (item.level > items[0].level) { inner.push(item); continue; }
    close();
    if (lists.at(-1)?.type !== LISTS[item.list]) lists.push({ type: LISTS[item.list], items: [] });
    lists.at(-1).items.push(item.list === "task" ? { text: item.text, checked: item.checked } : item.text);
  }
  close();
  return lists;
}

// Looks

/** The pieces of a line: [{text, bold, italic, code, strike, href}]. */
export function readRuns(text, deep = 0) {
  const runs = [];
  const ended = deep ? /\\*$/.exec(text)[0] : ""; // inside a look the mark that ends it follows, which is a sign
  text = text.slice(0, text.length - ended.length);
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > at) runs.push({ text: text.slice(at, match.index) });
    at = match.index + match[0].length;
    const [, letter, pairs, code, both, bold, italic, strike, label, href] = match;
    if (letter ?? pairs) { runs.push({ text: letter ? letter.slice(1 + (letter.length - 2) / 2) : pairs.slice(pairs.length / 2) }); continue; }
    if (code !== undefined) { runs.push({ text: code, code: true }); continue; }
    const look = href ? { href } : strike ? { strike: true } : both ? { bold: true, italic: true } : bold ? { bold: true } : { italic: true };
    const inner = label ?? strike ?? both ?? bold ?? italic;
    for (const run of deep + 1 < INLINE_MAX ? readRuns(inner, deep + 1) : [{ text: inner }]) runs.push({ ...run, ...look, ...(run.href ? { href: run.href } : {}) });
  }
  runs.push({ text: text.slice(at) + ended.slice(ended.length / 2) });
  return joined(runs);
}

const lookOf = (run) => LOOKS.map((look) => run[look] ?? "").join("\n");
const sameRuns = (one, other) => one.length === other.length && one.every((run, n) => run.text === other[n].text && lookOf(run) === lookOf(other[n]));

function joined(runs) {
  const found = [];
  for (const run of runs) {
    if (!run.text) continue;
    if (found.length && lookOf(found.at(-1)) === lookOf(run)) found[found.length - 1] = { ...run, text: found.at(-1).text + run.text };
    else found.push(run);
  }
  return found;
}

/** The line that these pieces make. A look that Markdown cannot say at its place is left out, never a letter. */
export function writeRuns(given) {
  let runs = joined(given);
  for (;;) {
    for (const say of [asItIs, asLetters])
      for (const order of ORDERS) {
        const text = settle(order ? writeNested(runs, order, say) : runs.map((run) => writeNested([run], ORDERS[0], say)).join(""));
        if (sameRuns(readRuns(text), runs)) return text;
      }
    const marked = runs.findLastIndex((run) => lookOf(run).trim());
    if (marked < 0) return runs.map((run) => run.text).join("");
    runs = joined(runs.map((run, n) => (n === marked ? { text: run.text } : run)));
  }
}

// Which looks may stand around which: tried until one reads back as it was meant. Last, each piece for itself.
const ORDERS = [["href", "strike", "bold", "italic"], ["strike", "bold", "italic", "href"], ["strike", "italic", "bold", "href"], ["bold", "italic", "strike", "href"], ["italic", "bold", "strike", "href"], null];
const MARKS = { strike: "~~", bold: "**", italic: "*" };

const asItIs = (text) => text;

/** Text that reads as it stands, signs and all. It ends with a NUL where `settle` must look. */
const asLetters = (text) => text
  .replace(/(\\+)(?=[#>|!-])/g, "$1$1")
  .replace(/(\\*)([`*~[\]])/g, "$1$1\\$2")
  .replace(/\\$/, "\\\0");

const BEFORE_SIGN = new RegExp(String.raw`(\\+)\0(?=[${SIGNS}])`, "gu");

/** Double the backslashes at the end of a piece that a sign follows. */
const settle = (text) => text.replace(BEFORE_SIGN, "$1$1").replaceAll("\0", "");

function writeNested(runs, [look, ...inner], say) {
  if (!look) return runs.map((run) => (run.code ? `\`${run.text}\`` : say(run.text))).join("");
  let text = "";
  for (let at = 0, end; at < runs.length; at = end) {
    const value = runs[at][look];
    end = at + 1;
    while (end < runs.length && (runs[end][look] ?? "") === (value ?? "")) end += 1;
    const inside = writeNested(runs.slice(at, end), inner, say);
    text += !value ? inside : look === "href" ? `[${inside}](${value})` : MARKS[look] + inside + MARKS[look];
  }
  return text;
}

/** Whether these pieces can be said as they are. */
export const canSay = (runs) => sameRuns(readRuns(writeRuns(runs)), joined(runs));
