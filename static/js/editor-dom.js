// Blocks as elements and back, and places in their text. Every piece of text stands in a field (class "f"): the block itself,
// or a part of it. Tables, images and what is not known are islands that the text around them flows past.

import { LOOKS, readRuns, trim, writeRuns } from "./editor-markdown.js";

const TAGS = { bold: "strong", italic: "em", code: "code", strike: "s", href: "a" };
const LOOK_OF = { STRONG: "bold", B: "bold", EM: "italic", I: "italic", CODE: "code", S: "strike", DEL: "strike", STRIKE: "strike" };
export const TONES = { note: ["Note", "i-info", "st-in_progress"], warning: ["Warning", "i-triangle-alert", "st-open"], danger: ["Danger", "i-circle-alert", "danger-c"], quiet: ["Quiet", "i-info", "st-none"] };
const FILE = /^\/file\/[0-9a-f-]{36}$/;
const SAFE = /^(?:https?:\/\/|mailto:|\/(?![/\\]))/i; // where the server lets a link go; another keeps its address, and leads nowhere
const ISLANDS = new Set(["table", "image", "divider", "raw"]);

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("data-") || name.startsWith("aria-") || name === "role" || name === "contenteditable") element.setAttribute(name, value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", "i");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${name}`);
  svg.append(use);
  return svg;
}

// To elements

/** The element of a block. */
export function draw(block) {
  const element = DRAW[block.kind](block);
  element.classList.add("block");
  element.dataset.kind = block.kind;
  if (ISLANDS.has(block.kind)) element.setAttribute("contenteditable", "false");
  return element;
}

const DRAW = {
  paragraph: ({ text }) => field("p", text),
  heading({ level, text }) {
    const heading = field(`h${Math.max(2, level)}`, text);
    heading.dataset.level = level;
    return heading;
  },
  quote: ({ text }) => field("blockquote", text),
  item({ list, level, checked, text }) {
    const item = make("div", { className: "item", "data-list": list, "data-level": level }, field("div", text));
    if (list === "task") item.prepend(make("span", { className: "tick", role: "checkbox", tabIndex: -1, contenteditable: "false", ariaChecked: String(Boolean(checked)), ariaLabel: "Done" }));
    return item;
  },
  callout({ tone, title, text }) {
    const callout = make("div", { className: "callout", "data-tone": tone });
    const words = make("div", { className: "words" }, ...(title ? [field("b", title)] : []), field("p", text));
    callout.append(make("button", { type: "button", className: "tone", contenteditable: "false", tabIndex: -1 }), words);
    return setTone(callout, tone);
  },
  code({ language, text }) {
    const code = make("code", { className: "f" });
    setCode(code, text);
    return make("pre", { "data-language": language }, code);
  },
  table({ rows }) {
    const width = Math.max(...rows.map((row) => row.length));
    const line = (row, tag) => make("tr", {}, ...Array.from({ length: width }, (_, n) => cell(tag, row[n] ?? "")));
    const table = make("table", {}, make("thead", {}, line(rows[0], "th")), make("tbody", {}, ...rows.slice(1).map((row) => line(row, "td"))));
    return make("div", { className: "table-wrap" }, table);
  },
  image({ url, alt }) {
    const picture = FILE.test(url) ? make("img", { src: url, alt }) : make("p", { className: "muted xs", textContent: url });
    const caption = host(field("figcaption", alt, true), "What the image shows");
    return make("figure", { "data-url": url }, picture, caption);
  },
  divider: () => make("div", {}, make("hr")),
  raw({ source, text }) {
    let type = "", words = text;
    try {
      const block = JSON.parse(text);
      type = typeof block.type === "string" ? block.type : "";
      words = wordsIn(block).join("\n").slice(0, 2_000);
    } catch {
      // shown as it stands
    }
    const head = make("p", { className: "xs muted", textContent: type ? `${type}: kept as it is` : "Kept as it is" });
    const json = make("details", {}, make("summary", { textContent: "Show as JSON" }), make("pre", {}, make("code", { textContent: text })));
    const raw = make("div", { className: "unknown-block" }, head, ...(words === text ? [] : [make("p", { textContent: words })]), json);
    raw.dataset.source = source;
    return raw;
  },
};

/** Every text in a value, but for the names of kinds and the like. */
function wordsIn(value, found = []) {
  if (typeof value === "string") found.push(value);
  else if (Array.isArray(value)) value.forEach((one) => wordsIn(one, found));
  else if (value && typeof value === "object") for (const [name, one] of Object.entries(value)) if (!["type", "id", "style", "props", "attrs"].includes(name)) wordsIn(one, found);
  return found;
}

function field(tag, text, plain = false) {
  const element = make(tag, { className: "f" });
  fill(element, plain ? [{ text }] : readRuns(text));
  return element;
}

/** A field that is edited for itself, inside an island. */
function host(element, label) {
  element.setAttribute("contenteditable", "true");
  element.setAttribute("role", "textbox");
  element.setAttribute("aria-label", label);
  return element;
}

const cell = (tag, text) => host(field(tag, text), tag === "th" ? "Column" : "Cell");

export function fill(element, runs) {
  element.replaceChildren(...runs.map(nodeOf));
  settle(element);
}

function nodeOf(run) {
  const node = document.createDocumentFragment();
  run.text.split("\n").forEach((line, n) => node.append(...(n ? [make("br")] : []), line));
  return LOOKS.toReversed().filter((look) => run[look]).reduce((inner, look) => {
    const outer = make(TAGS[look]);
    if (look === "href") outer.setAttribute(SAFE.test(run.href) ? "href" : "data-href", run.href);
    outer.append(inner);
    return outer;
  }, node);
}

export function setCode(code, text) {
  code.textContent = text;
  settle(code);
}

/** A line that is empty needs something to stand on; a field without a word says so. */
export function settle(element) {
  if (element.matches("code.f")) {
    if (!element.textContent || element.textContent.endsWith("\n")) { if (element.lastChild?.nodeName !== "BR") element.append(make("br")); }
    return;
  }
  const last = element.lastChild;
  if (last?.nodeName === "BR" && element.childNodes.length === 1) last.dataset.end = "1"; // the browser's own
  else if (!last || (last.nodeName === "BR" && !last.dataset.end)) element.append(make("br", { "data-end": "1" }));
}

export function setTone(callout, tone) {
  const [word, symbol, look] = TONES[tone];
  callout.classList.remove(...Object.values(TONES).map(([, , one]) => one));
  callout.classList.add(look);
  callout.dataset.tone = tone;
  const button = callout.querySelector(".tone");
  button.replaceChildren(icon(symbol));
  button.ariaLabel = `${word}: change the kind`;
  return callout;
}

/** Give numbers to the numbered. */
export function number(root) {
  const counts = [], lists = [];
  for (const block of root.children) {
    if (block.dataset.kind !== "item") { counts.length = lists.length = 0; continue; }
    const level = Number(block.dataset.level), { list } = block.dataset;
    counts.length = lists.length = Math.min(counts.length, level + 1);
    counts[level] = lists[level] === list ? counts[level] + 1 : 1;
    lists[level] = list;
    const n = list === "number" ? `${counts[level]}.` : "";
    if (block.dataset.n !== n) block.dataset.n = n;
    block.toggleAttribute("data-first", level === 0 && counts[level] === 1);
  }
}

// From elements

/** The block that an element shows. */
export function blockOf(element) {
  const { kind, level, list, tone, language, url, source } = element.dataset;
  const [first] = fields(element);
  if (kind === "heading") return { kind, level: Number(level), text: onLine(textOf(first)) };
  if (kind === "item") return { kind, list, level: Number(level), text: withoutGaps(textOf(first)), ...(list === "task" ? { checked: element.querySelector(".tick").ariaChecked === "true" } : {}) };
  if (kind === "callout") return { kind, tone, title: element.querySelector("b.f") ? onLine(textOf(element.querySelector("b.f"))) : "", text: linesOf(element.querySelector("p.f")) };
  if (kind === "code") return { kind, language, text: codeOf(first) };
  if (kind === "table") return { kind, rows: [...element.querySelectorAll("tr")].map((row) => [...row.cells].map((one) => onLine(textOf(one)))) };
  if (kind === "image") return { kind, url, alt: plainOf(first) };
  if (kind === "divider") return { kind };
  if (kind === "raw") return { kind, source };
  if (kind === "quote") return { kind, text: linesOf(first) };
  return { kind: kind ?? "paragraph", text: textOf(first) };
}

const onLine = (text) => trim(text.replaceAll("\n", " "));
/** An item goes on in the next line, but not after an empty one. */
const withoutGaps = (text) => { const [line, ...more] = text.split("\n"); return [line, ...more.map(trim).filter(Boolean)].join("\n"); };

/** Whether a block has nothing to say, and is not written. */
export function isEmpty(element) {
  const { kind, url } = element.dataset;
  if (kind === "image") return !url;
  return ["paragraph", "heading", "quote"].includes(kind) && textOf(fields(element)[0]).trim() === "";
}

export const isIsland = (element) => ISLANDS.has(element?.dataset.kind);
export const fields = (element) => (element.matches(".f") ? [element] : [...element.querySelectorAll(".f")]);
export const isText = (element) => Boolean(element) && !isIsland(element) && element.dataset.kind !== "code";

/** A field's text as inline Markdown. */
const linesOf = (element) => writeRuns(runsOf(element));
export const textOf = (element) => linesOf(element).replace(/\n+$/, "");
export const plainOf = (element) => runsOf(element).map((run) => run.text).join("").replaceAll("\n", " ");
const codeOf = (element) => [...element.childNodes].map((node, n, all) => (node.nodeName === "BR" ? (n === all.length - 1 ? "" : "\n") : node.textContent)).join("");

/** The pieces of text under a node, with the looks they stand in. */
export function runsOf(node, look = {}) {
  const runs = [];
  for (const child of node.childNodes) {
    if (child.nodeType === Node.TEXT_NODE) runs.push({ ...look, text: child.data });
    else if (child.nodeName === "BR") { if (!child.dataset.end) runs.push({ text: "\n" }); }
    else if (child.nodeType === Node.ELEMENT_NODE) {
      const name = LOOK_OF[child.nodeName];
      const href = child.nodeName === "A" ? child.getAttribute("href") ?? child.dataset.href : null;
      runs.push(...runsOf(child, { ...look, ...(name ? { [name]: true } : {}), ...(href ? { href } : {}) }));
    }
  }
  return runs;
}

// Places

/** The field in which a node stands, and the block. */
export const fieldAt = (node) => (node?.nodeType === Node.TEXT_NODE ? node.parentElement : node)?.closest?.(".f") ?? null;
export function blockAt(root, node) {
  let element = node?.nodeType === Node.TEXT_NODE ? node.parentElement : node;
  while (element && element.parentElement !== root) element = element.parentElement;
  return element;
}

const lengthOf = (node) => (node.nodeType === Node.TEXT_NODE ? node.length : node.nodeName === "BR" ? 1 : [...node.childNodes].reduce((sum, child) => sum + lengthOf(child), 0));

/** How many letters of the field stand before this place; a line break counts as one. */
export function offsetOf(element, node, offset) {
  if (node.nodeType === Node.TEXT_NODE) {
    let sum = offset;
    for (let at = node; at !== element; at = at.parentNode) for (let before = at.previousSibling; before; before = before.previousSibling) sum += lengthOf(before);
    return sum;
  }
  let sum = [...node.childNodes].slice(0, offset).reduce((total, child) => total + lengthOf(child), 0);
  for (let at = node; at !== element; at = at.parentNode) for (let before = at.previousSibling; before; before = before.previousSibling) sum += lengthOf(before);
  return sum;
}

/** The place after so many letters: [node, offset]. */
export function placeOf(element, offset) {
  let left = offset;
  const walk = (node) => {
    for (const child of node.childNodes) {
      const length = lengthOf(child);
      if (child.nodeType === Node.TEXT_NODE) { if (left <= length) return [child, left]; }
      else if (child.nodeName === "BR") { if (left === 0) return [node, [...node.childNodes].indexOf(child)]; }
      else if (left <= length) return walk(child) ?? [child, child.childNodes.length];
      left -= length;
    }
    return null;
  };
  return walk(element) ?? [element, element.lastChild?.nodeName === "BR" ? element.childNodes.length - 1 : element.childNodes.length];
}

/** How many letters a field has. */
export const sizeOf = (element) => lengthOf(element) - (element.lastChild?.nodeName === "BR" && (element.lastChild.dataset.end || element.matches("code")) ? 1 : 0);

/** Put the caret, or a selection, into a field. */
export function caret(element, start, end = start) {
  const selection = getSelection();
  const host = element.closest("[contenteditable=true]");
  if (!host.contains(document.activeElement)) host.focus({ preventScroll: true });
  selection.setBaseAndExtent(...placeOf(element, start), ...placeOf(element, end));
}
