// The block editor of a description, over the Markdown textarea that stays in the form as its value. Loaded when editing begins.
//
// The elements are what is edited; editor-dom.js turns them into blocks, editor-markdown.js these into Markdown, and what was
// not touched keeps its very text. Every change goes through `changed`, which writes the textarea and remembers a step of undo.

import { read, remember, write, writeUnit } from "./editor-markdown.js";
import { TONES, blockAt, blockOf, caret, draw, fieldAt, fields, fill, icon, isEmpty, isIsland, isText, make, number, offsetOf, settle, setTone, sizeOf } from "./editor-dom.js";
import { addColumn, addRow, after, breakLine, cut, cutOut, indent, insert, joinBack, joinNext, looksAt, move, nextCell, removeColumn, removeRow, selected, split, toggleLook, touched, turnInto, typeWith, typed, wordAt } from "./editor-commands.js";
import { History } from "./editor-history.js";
import { Popup, askAddress } from "./editor-popup.js";
import { blocksIn, blocksOfText, figureFor, named, send } from "./editor-paste.js";
import { symbol } from "./editor-icons.js";
import { openMenu } from "./menu.js";

const MODE = "editor"; // in localStorage: what the viewer chose last
const LANGUAGES = ["", "python", "c", "cpp", "json", "yaml", "sql", "sh", "matlab", "text"];
const TABLE = { kind: "table", rows: [["", "", ""], ["", "", ""], ["", "", ""]] };

// What "/" and the tools offer. `at`: in the toolbar, too.
const OFFERS = [
  { label: "Text", icon: "pilcrow", hint: "plain", at: true, into: { kind: "paragraph" } },
  { label: "Heading", icon: "heading", hint: "##", at: true, into: { kind: "heading", level: 2 } },
  { label: "Small heading", icon: "heading", hint: "###", into: { kind: "heading", level: 3 } },
  { label: "List", icon: "list", hint: "-", at: true, into: { kind: "item", list: "bullet" } },
  { label: "Numbered list", icon: "list-ordered", hint: "1.", at: true, into: { kind: "item", list: "number" } },
  { label: "Code", icon: "code", hint: "```", at: true, into: { kind: "code", language: "" } },
  { label: "Table", icon: "table", hint: "rows and columns", at: true, put: TABLE },
  { label: "Task list", icon: "list-checks", hint: "things to tick", into: { kind: "item", list: "task" } },
  { label: "Callout", icon: "info", hint: "a note", at: true, into: { kind: "callout", tone: "note" } },
  { label: "Warning", icon: "triangle-alert", hint: "a callout", into: { kind: "callout", tone: "warning" } },
  { label: "Quote", icon: "quote", hint: ">", into: { kind: "quote" } },
  { label: "Image", icon: "image", hint: "from a file", at: true, run: (editor) => editor.pickImage() },
  { label: "Divider", icon: "minus", hint: "---", put: { kind: "divider" } },
  { label: "Tag", icon: "tag", hint: "add to this issue", when: (editor) => editor.form.elements.tags, run: (editor) => editor.form.elements.tags.focus() },
];

/** Edit this textarea as blocks. Once; later calls give the editor that is there. */
export function edit(textarea) {
  return (textarea.editor ??= new Editor(textarea));
}

class Editor {
  constructor(textarea) {
    this.textarea = textarea;
    this.form = textarea.form;
    this.looks = new WeakMap(); // element -> {html, block, unit, element}: the same object as long as it stays the same
    this.stale = new WeakSet(); // elements whose look is to be taken again
    this.units = new WeakMap(); // element -> the unit of the text that it was read from
    this.uploads = new Set();
    this.frame = this.build();
    this.frame.style.minHeight = `${textarea.offsetHeight}px`; // nothing moves
    textarea.before(this.frame);
    this.toolbar.after(textarea);
    // Whoever gives the focus to the field means what one sees of it.
    textarea.focus = (options) => (textarea.hidden ? this.focus() : HTMLTextAreaElement.prototype.focus.call(textarea, options));
    this.popup = new Popup((sign, words) => this.offer(sign, words), (option) => this.take(option), (words) => this.say(words));
    this.listen();
    if (localStorage.getItem(MODE) === "markdown") this.showMarkdown();
    else this.showBlocks();
  }

  // The frame

  build() {
    const { textarea } = this;
    const label = textarea.labels[0];
    if (label) { label.id ||= `${textarea.id}-label`; label.addEventListener("click", (event) => { if (!this.root.hidden) { event.preventDefault(); this.focus(); } }); }
    this.hintWords = this.hint?.textContent;
    this.root = make("div", { className: "prose", contenteditable: "true", role: "textbox", "aria-multiline": "true", spellcheck: true, ...(label ? { "aria-labelledby": label.id } : { "aria-label": "Description" }) });
    this.mirror();
    const tool = (offer) => make("button", { type: "button", className: "btn ghost sm icon", ariaLabel: offer.label, title: offer.label, tabIndex: -1, onclick: () => this.take(offer) }, symbol(offer.icon));
    this.tools = OFFERS.filter((offer) => offer.at).map(tool);
    this.switch = make("button", { type: "button", className: "btn ghost sm", onclick: () => this.toggle() });
    this.toolbar = make("div", { className: "tools", role: "toolbar", ariaLabel: "Blocks" }, ...this.tools, make("span", { className: "grow" }), this.switch);
    this.tools[0].tabIndex = 0;
    this.grip = make("button", { type: "button", className: "btn ghost sm icon grip", ariaLabel: "Move block", title: "Drag to move, click for more", tabIndex: -1, hidden: true }, symbol("grip-vertical"));
    this.status = make("p", { className: "vh", role: "status" });
    this.note = make("p", { className: "editor-note", hidden: true, role: "status" });
    this.pad = make("div", { className: "pad" });
    this.body = make("div", { className: "body" }, this.root, this.pad, this.grip);
    return make("div", { className: "blocks" }, this.toolbar, this.body, this.note, this.status);
  }

  get hint() {
    return document.getElementById((this.textarea.getAttribute("aria-describedby") ?? "").split(" ").at(-1));
  }

  /** What is wrong with the field is wrong with its editor. */
  mirror() {
    for (const name of ["aria-describedby", "aria-invalid"])
      if (this.textarea.hasAttribute(name)) this.root.setAttribute(name, this.textarea.getAttribute(name));
      else this.root.removeAttribute(name);
  }

  say(words) {
    this.status.textContent = words;
  }

  /** Say something that stays to be read. */
  tell(words) {
    this.note.textContent = words;
    this.note.hidden = !words;
  }

  toggle() {
    const toMarkdown = this.textarea.hidden;
    localStorage.setItem(MODE, toMarkdown ? "markdown" : "blocks");
    if (toMarkdown) this.showMarkdown();
    else this.showBlocks();
    if (toMarkdown) this.textarea.focus();
    else this.focus();
  }

  showMarkdown() {
    this.setMode(true);
  }

  showBlocks() {
    this.load();
    this.setMode(false);
  }

  setMode(markdown) {
    this.textarea.hidden = !markdown;
    this.body.hidden = markdown;
    for (const tool of this.tools) tool.hidden = markdown;
    this.switch.replaceChildren(symbol(markdown ? "pilcrow" : "hash"), markdown ? "Blocks" : "Markdown");
    if (this.hint) this.hint.textContent = markdown ? this.hintWords : "Type / for blocks. Everything is stored as blocks and can be written as Markdown.";
    this.popup?.close();
  }

  focus() {
    const last = [...this.root.children].reverse().find((block) => !isIsland(block)) ?? this.root.lastElementChild;
    const field = fields(last).at(-1);
    if (field) caret(field, sizeOf(field));
  }

  // From the text and to it

  /** Read the textarea. */
  load() {
    const text = this.textarea.value;
    const found = read(text);
    this.blank = found.units.length ? "" : text;
    this.tail = found.tail;
    const elements = [];
    for (const unit of found.units) {
      const drawn = unit.blocks.map(draw);
      for (const element of drawn) this.units.set(element, unit);
      unit.blocks = drawn.map(blockOf); // as it will be read again
      elements.push(...drawn);
    }
    remember(found);
    this.root.replaceChildren(...elements);
    this.tidy();
    this.written = text;
    this.observer?.disconnect();
    this.observer = new MutationObserver((changes) => this.noticed(changes));
    const attributeFilter = ["data-level", "data-list", "data-tone", "data-language", "data-url", "aria-checked", "href"];
    this.observer.observe(this.root, { subtree: true, childList: true, characterData: true, attributeFilter });
    this.history = new History(this.root, (element) => this.look(element), (look) => this.revive(look));
  }

  look(element) {
    const last = this.looks.get(element);
    if (last && !this.stale.has(element)) return last;
    this.stale.delete(element);
    const html = element.outerHTML;
    if (last?.html === html) return last;
    // A picture on its way is drawn, not written: it is kept itself.
    const unit = this.units.get(element), block = blockOf(element);
    const isSame = unit?.blocks.length === 1 && JSON.stringify(unit.blocks[0]) === JSON.stringify(block);
    const look = { html, block: isEmpty(element) && !isSame ? null : block, unit, element: element.querySelector("canvas") ? element : null };
    this.looks.set(element, look);
    return look;
  }

  revive(look) {
    if (look.element) return look.element;
    const holder = document.createElement("template");
    holder.innerHTML = look.html;
    const element = document.importNode(holder.content.firstElementChild, true);
    element.classList.remove("chosen", "dragged");
    if (look.unit) this.units.set(element, look.unit);
    this.looks.set(element, look);
    return element;
  }

  noticed(changes) {
    for (const { target } of changes) {
      const block = blockAt(this.root, target);
      if (block) this.stale.add(block);
    }
  }

  /** The Markdown of what the editor shows. */
  markdown() {
    this.noticed(this.observer.takeRecords());
    const groups = [];
    let before = null;
    for (const element of this.root.children) {
      const { block, unit } = this.look(element);
      if (block) {
        const goesOn = block.kind === "item" && before?.kind === "item" && (!unit || !groups.at(-1).origin || groups.at(-1).origin === unit);
        if (goesOn) { groups.at(-1).blocks.push(block); groups.at(-1).origin ??= unit; } else groups.push({ blocks: [block], origin: unit });
      }
      before = block;
    }
    return groups.length ? write(groups, this.tail) : this.blank;
  }

  /** Something changed: put the elements in order, write the textarea, remember the step. */
  changed(kind = "command") {
    this.tidy();
    const text = this.markdown();
    if (text !== this.written) {
      this.written = this.textarea.value = text;
      this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
    }
    this.history.record(kind);
    this.placeGrip();
  }

  /** What the browser or a command left behind, as blocks. */
  tidy() {
    const { root } = this;
    for (const node of [...root.childNodes]) {
      if (node.nodeType === Node.ELEMENT_NODE && node.matches(".block[data-kind]") && (isIsland(node) || fields(node).length)) continue;
      const text = node.textContent;
      if (!text.trim() && root.childNodes.length > 1) { node.remove(); continue; }
      const paragraph = draw({ kind: "paragraph", text: "" });
      const hadCaret = node.contains(getSelection().anchorNode);
      node.replaceWith(paragraph);
      fill(paragraph, [{ text }]);
      if (hadCaret) caret(paragraph, text.length);
    }
    if (!root.children.length || isIsland(root.lastElementChild) || root.lastElementChild.dataset.kind === "code") root.append(draw({ kind: "paragraph", text: "" }));
    for (const block of root.children) {
      // Two with one origin are two blocks only as long as nothing was copied.
      if (block.querySelector(".block")) for (const inner of block.querySelectorAll(".block")) inner.classList.remove("block");
      if (!isIsland(block)) for (const field of fields(block)) { for (const odd of field.querySelectorAll("span:not(.tick), font, div")) odd.replaceWith(...odd.childNodes); settle(field); }
    }
    number(root);
    root.classList.toggle("is-blank", root.children.length === 1 && root.firstElementChild.dataset.kind === "paragraph" && isEmpty(root.firstElementChild));
  }

  /** Do something to the blocks as one step. */
  act(action, words) {
    this.history.record("typing", -Infinity); // where the caret was
    const answer = action();
    this.changed();
    if (words) this.say(words);
    return answer;
  }

  // Offers

  offer(sign, words) {
    if (sign === "@") return this.people(words);
    const wanted = words.toLowerCase();
    const score = ({ label }) => (label.toLowerCase().startsWith(wanted) ? 0 : label.toLowerCase().includes(` ${wanted}`) ? 1 : 2);
    return OFFERS.filter((offer) => offer.label.toLowerCase().includes(wanted) && (!offer.when || offer.when(this))).sort((one, other) => score(one) - score(other)).map((offer) => ({ ...offer, icon: symbol(offer.icon), offer }));
  }

  async people(words) {
    if (!/^[\w.+-]*$/.test(words)) return [];
    const response = await fetch(`/mentions?q=${encodeURIComponent(words)}`, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!response?.ok) return [];
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return [...page.querySelectorAll("[data-value]")].map((option) => ({ label: option.textContent.trim().replace(/\s+/g, " "), insert: `@${option.dataset.value.replace(/^@/, "")} ` }));
  }

  /** An option was picked: its word is selected, if it was typed. */
  take(option) {
    const offer = option.offer ?? option;
    if (!selected(this.root)) this.focus();
    this.act(() => {
      const at = selected(this.root);
      if (option.offer || option.insert) { at.range.deleteContents(); settle(at.field); caret(at.field, at.start); }
      if (option.insert) typeWith(this.root, option.insert, {});
      else if (offer.into) turnInto(this.root, offer.into);
      else if (offer.put) insert(this.root, [offer.put]);
      else offer.run(this);
    }, offer.label);
  }

  pickImage() {
    const input = make("input", { type: "file", accept: "image/png, image/jpeg, image/gif, image/webp", multiple: true });
    input.addEventListener("change", () => this.addImages([...input.files]));
    input.click();
  }

  // Pictures

  async addImages(files) {
    for (const given of files) {
      const file = named(given);
      const picture = await figureFor(file);
      if (picture) this.addImage(file, picture);
      else this.tell(`${file.name} is no picture that a browser can show. Attach it as a file.`);
    }
  }

  addImage(file, { canvas, width, height }) {
    if (!selected(this.root)) this.focus();
    const [figure] = this.act(() => insert(this.root, [{ kind: "image", url: "", alt: "" }]), `${file.name} is being uploaded`);
    const progress = make("progress", { max: 1, value: 0, ariaLabel: `Uploading ${file.name}` });
    figure.firstElementChild.replaceWith(canvas);
    canvas.after(progress);
    const upload = send(file, (part) => { progress.value = part; }).then(async ({ url, problem }) => {
      progress.remove();
      if (problem) return this.failed(figure, file, { canvas, width, height }, problem);
      figure.dataset.url = url;
      const image = make("img", { src: url, alt: "", width, height });
      await image.decode().catch(() => null);
      canvas.replaceWith(image);
      return this.changed();
    }).finally(() => { this.uploads.delete(upload); this.say(this.uploads.size ? "" : "Uploaded"); });
    this.uploads.add(upload);
    this.changed();
  }

  failed(figure, file, picture, problem) {
    const again = make("button", { type: "button", className: "btn sm", textContent: "Try again" });
    const line = make("p", { className: "err", role: "alert" }, `${file.name} was not uploaded. ${problem} `, again);
    again.addEventListener("click", () => { line.remove(); caret(fields(figure)[0], 0); figure.after(draw({ kind: "paragraph", text: "" })); caret(fields(figure.nextElementSibling)[0], 0); figure.remove(); this.addImage(file, picture); });
    picture.canvas.after(line);
    this.changed();
  }

  // Events

  listen() {
    const { root, textarea, form, toolbar, body, grip } = this;
    root.addEventListener("beforeinput", (event) => this.beforeInput(event));
    root.addEventListener("input", (event) => this.input(event));
    root.addEventListener("compositionstart", () => { if (!selected(root)?.whole) cutOut(root); });
    root.addEventListener("compositionend", () => this.input({ inputType: "insertText" }));
    root.addEventListener("keydown", (event) => this.key(event));
    root.addEventListener("copy", (event) => this.copy(event));
    root.addEventListener("cut", (event) => this.copy(event, true));
    root.addEventListener("paste", (event) => this.paste(event));
    root.addEventListener("dragstart", (event) => event.preventDefault());
    root.addEventListener("dragover", (event) => { if ([...event.dataTransfer.types].includes("Files")) event.preventDefault(); });
    root.addEventListener("drop", (event) => this.drop(event));
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("focusout", () => this.popup.close());
    root.addEventListener("focusin", () => { if (textarea.value !== this.written) this.load(); });
    body.addEventListener("pointermove", ({ target }) => { if (!this.dragging) this.placeGrip(blockAt(root, target)); });
    const moved = () => {
      if (!root.isConnected) document.removeEventListener("selectionchange", moved);
      else if (root.contains(getSelection().anchorNode)) this.placeGrip(selected(root)?.block);
    };
    document.addEventListener("selectionchange", moved);
    this.pad.addEventListener("click", () => { const last = root.lastElementChild; if (isText(last)) this.focus(); else after(last); });
    new MutationObserver(() => this.mirror()).observe(textarea, { attributeFilter: ["aria-describedby", "aria-invalid"] });
    textarea.addEventListener("input", () => { if (textarea.hidden && textarea.value !== this.written) this.load(); });
    form.addEventListener("reset", () => setTimeout(() => this.load()));
    form.addEventListener("submit", (event) => this.submit(event), true);
    toolbar.addEventListener("pointerdown", (event) => { if (event.target.closest("button") && !this.body.hidden) event.preventDefault(); });
    toolbar.addEventListener("keydown", (event) => this.walkTools(event));
    grip.addEventListener("pointerdown", (event) => this.drag(event));
    grip.addEventListener("click", () => this.openGrip());
  }

  beforeInput(event) {
    const { root } = this;
    const at = selected(root);
    const kind = event.inputType;
    if (!at || event.isComposing) return;
    const own = (action, words) => { event.preventDefault(); this.act(action, words); };
    if (kind === "historyUndo" || kind === "historyRedo") { event.preventDefault(); this.undo(kind === "historyUndo" ? -1 : 1); return; }
    if (kind.startsWith("format")) { event.preventDefault(); const look = { formatBold: "bold", formatItalic: "italic", formatStrikeThrough: "strike" }[kind]; if (look) this.mark(look); return; }
    // What keyboards and dictation put in as a whole may have lines.
    if (kind.startsWith("insert") && event.data?.includes("\n")) { event.preventDefault(); this.pasteText(event.data); return; }
    if (!at.field || !(at.collapsed || at.whole)) {
      if (!/^(insert|delete)/.test(kind)) return;
      own(() => {
        cutOut(root);
        if (!selected(root)?.field) this.focus();
        if (kind === "insertText" && event.data) typeWith(root, event.data, {});
        if (kind === "insertParagraph") split(root);
      });
      return;
    }
    if (kind === "insertParagraph") own(() => { if (!at.collapsed) cutOut(root); split(root); });
    else if (kind === "insertLineBreak") own(() => { if (!at.collapsed) cutOut(root); breakLine(root); });
    else if (kind.startsWith("delete") && kind.endsWith("Backward") && at.collapsed && at.start === 0) own(() => joinBack(root));
    else if (kind.startsWith("delete") && kind.endsWith("Forward") && at.collapsed && at.start >= sizeOf(at.field)) own(() => joinNext(root));
    else if (kind === "insertText" && at.collapsed && event.data) {
      const look = this.lookToType(at);
      if (look) { event.preventDefault(); typeWith(root, event.data, look); this.input({ inputType: kind }); }
    }
    else if (["insertOrderedList", "insertUnorderedList", "insertHorizontalRule", "insertFromDrop"].includes(kind)) event.preventDefault();
  }

  /** The look of what is typed next where it is not that of the text around: chosen by a key, or after a link or a typed look. */
  lookToType({ field, start }) {
    const { pending } = this;
    this.pending = null;
    if (pending && pending.field === field && pending.start === start) return pending.look;
    const { href, ...look } = looksAt(field, start);
    return href && !cut(field, start, start + 1)[0]?.href ? look : null;
  }

  input({ inputType = "", isComposing = false }) {
    for (const one of this.root.querySelectorAll(".chosen")) one.classList.remove("chosen");
    this.changed(inputType.startsWith("insert") || inputType.startsWith("delete") ? "typing" : "command");
    if (!isComposing && inputType === "insertText") {
      const { root } = this;
      const before = selected(root)?.block;
      let look = false;
      this.noticed(this.observer.takeRecords());
      if (typed(root)) { look = selected(root).block === before; this.changed(); }
      const now = selected(root);
      this.pending = look ? { field: now.field, start: now.start, look: {} } : null;
      if (!look && selected(root)?.block !== before) this.say(NAMES[selected(root).block.dataset.kind]);
    }
    this.popup.update();
  }

  undo(step) {
    this.changed();
    this.pending = null;
    if (!this.history.go(step)) return this.say(step < 0 ? "Nothing to undo" : "Nothing to redo");
    this.tidy();
    this.written = this.textarea.value = this.markdown();
    this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
    return this.say(step < 0 ? "Undone" : "Redone");
  }

  mark(look, value) {
    const at = selected(this.root);
    if (at?.field && at.collapsed && look !== "href" && wordAt(at.field, at.start).every((end) => end === at.start)) {
      const now = this.pending?.field === at.field && this.pending.start === at.start ? this.pending.look : looksAt(at.field, at.start);
      this.pending = { field: at.field, start: at.start, look: { ...now, [look]: !now[look] } };
      return this.say(`${MARKS[look]} ${now[look] ? "off" : "on"}`);
    }
    const done = this.act(() => toggleLook(this.root, look, value));
    return this.say(done ? MARKS[look] : `${MARKS[look]} is not possible here`);
  }

  async link() {
    const at = selected(this.root);
    const { field, start, end } = at;
    const [from, to] = start === end ? wordAt(field, start) : [start, end];
    const now = cut(field, from, to).find((run) => run.href)?.href ?? "";
    const address = await askAddress(now);
    caret(field, from, to);
    if (address === null) return;
    this.mark("href", addressOf(address));
  }

  key(event) {
    const { root } = this;
    const control = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    const own = () => { event.preventDefault(); event.stopPropagation(); };
    if (event.isComposing) return;
    if (this.popup.isOpen && !control && !event.altKey && this.popup.key(event)) { own(); return; }
    const at = selected(root);
    if (!at) return;
    if (control && event.key === "Enter") { own(); this.form.requestSubmit(); }
    else if (control && !event.altKey && (key === "z" || key === "y")) { own(); this.undo(key === "y" || event.shiftKey ? 1 : -1); }
    else if (control && !event.altKey && !event.shiftKey && { b: 1, i: 1, e: 1 }[key]) { own(); this.mark({ b: "bold", i: "italic", e: "code" }[key]); }
    else if (control && event.shiftKey && (key === "x" || key === "s")) { own(); this.mark("strike"); }
    // Without a selection Ctrl K is the palette, as everywhere.
    else if (control && key === "k" && at.field && at.whole && !at.collapsed) { own(); this.link(); }
    else if (event.altKey && !control && (event.key === "ArrowUp" || event.key === "ArrowDown")) { own(); this.moveBlocks(event.key === "ArrowUp" ? -1 : 1); }
    else if (event.key === "Tab" && !control && !event.altKey) this.tab(event, at, own);
    else if (event.key === "Escape" && root.querySelector(".chosen")) { own(); root.querySelector(".chosen").classList.remove("chosen"); }
    else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !control && !event.shiftKey && at.field && this.step(at, event.key === "ArrowDown" ? 1 : -1)) own();
  }

  /** Tab moves in tables and lists, and leaves the editor anywhere else. */
  tab(event, at, own) {
    const step = event.shiftKey ? -1 : 1;
    const isCell = at.field?.matches("td, th");
    if (isCell) {
      const cells = fields(at.block);
      if (step < 0 && at.field === cells[0]) return;
      own();
      if (at.field === cells.at(-1) && step > 0) this.act(() => nextCell(at.field, step), "Row added");
      else nextCell(at.field, step);
    } else if (touched(this.root).some((block) => block.dataset.kind === "item")) {
      const level = at.block.dataset.level;
      if (step < 0 && touched(this.root).every((block) => block.dataset.level === "0")) return;
      own();
      this.act(() => indent(this.root, step));
      this.say(at.block.dataset.level === level ? "Cannot be deeper" : `Level ${Number(at.block.dataset.level) + 1}`);
    }
  }

  /** Up and down out of and into islands, where a browser finds no way. True if it was taken. */
  step(at, step) {
    const { field, block } = at;
    if (field.matches("td, th")) {
      const rows = [...block.querySelectorAll("tr")];
      const next = rows[rows.indexOf(field.parentElement) + step]?.cells[field.cellIndex];
      if (next) { caret(next, Math.min(at.start, sizeOf(next))); return true; }
    } else if (!this.isOutermost(field, step)) return false;
    const own = fields(block);
    if (field !== own.at(step > 0 ? -1 : 0) && !field.matches("td, th")) return false;
    const beyond = step > 0 ? block.nextElementSibling : block.previousElementSibling;
    if (!beyond) {
      if (!isIsland(block) && block.dataset.kind !== "code") return false;
      this.act(() => { const fresh = draw({ kind: "paragraph", text: "" }); if (step > 0) block.after(fresh); else block.before(fresh); caret(fresh, 0); });
      return true;
    }
    if (!isIsland(block) && !isIsland(beyond)) return false;
    const [first] = fields(beyond).slice(step > 0 ? 0 : -1);
    if (first) { caret(first, step > 0 ? 0 : sizeOf(first)); return true; }
    const further = step > 0 ? beyond.nextElementSibling : beyond.previousElementSibling;
    const target = further && fields(further).at(step > 0 ? 0 : -1);
    if (target) caret(target, step > 0 ? 0 : sizeOf(target));
    else if (!further) this.act(() => { const fresh = draw({ kind: "paragraph", text: "" }); if (step > 0) beyond.after(fresh); else beyond.before(fresh); caret(fresh, 0); });
    return true;
  }

  /** Whether the caret is on the first (-1) or last line of a field. */
  isOutermost(field, step) {
    const range = getSelection().getRangeAt(0);
    const line = range.getClientRects()[0] ?? field.getBoundingClientRect();
    const box = field.getBoundingClientRect();
    return step > 0 ? box.bottom - line.bottom < line.height * 0.8 : line.top - box.top < line.height * 0.8;
  }

  moveBlocks(step) {
    const block = this.act(() => move(this.root, step));
    const all = [...this.root.children];
    this.say(block ? `Moved ${step < 0 ? "up" : "down"}, ${all.indexOf(block) + 1} of ${all.length}` : "No further");
    block?.scrollIntoView({ block: "nearest" });
  }

  // Clipboard

  copy(event, cutting = false) {
    const at = selected(this.root);
    if (!at || at.collapsed || at.whole) { if (cutting && at && !at.collapsed) setTimeout(() => this.changed()); return; }
    const blocks = touched(this.root).map((block, n, all) => {
      const copy = block.cloneNode(true);
      const [field] = fields(copy);
      if (n === 0 && at.field && block.contains(at.field) && !isIsland(block)) fill(field, cut(at.field, at.start, Infinity));
      const end = fieldAt(at.range.endContainer);
      if (n === all.length - 1 && end && block.contains(end) && !isIsland(block)) fill(fields(copy).at(-1), cut(end, 0, offsetOf(end, at.range.endContainer, at.range.endOffset)));
      return copy;
    }).filter((copy) => !isEmpty(copy)).map(blockOf);
    const groups = [];
    for (const block of blocks) { if (block.kind === "item" && groups.at(-1)?.[0].kind === "item") groups.at(-1).push(block); else groups.push([block]); }
    event.preventDefault();
    event.clipboardData.setData("text/plain", groups.map(writeUnit).join("\n\n"));
    if (cutting) this.act(() => cutOut(this.root));
  }

  paste(event) {
    const { root } = this;
    const at = selected(root);
    const data = event.clipboardData;
    if (!at || !data) return;
    event.preventDefault();
    event.stopPropagation();
    const pictures = [...data.files].filter((file) => file.type.startsWith("image/"));
    const plain = data.getData("text/plain").replace(/\r\n?/g, "\n");
    const found = blocksIn(data);
    this.tell(found?.note ?? "");
    if (pictures.length && found?.blocks?.[0]?.kind !== "table") { this.addImages(pictures); return; }
    if (at.field?.matches("td, th")) { this.act(() => this.pasteCells(at.field, found?.blocks?.[0]?.kind === "table" ? found.blocks[0].rows : [[plain.replace(/\s+/g, " ")]])); return; }
    if (at.block.dataset.kind === "code" || at.field?.matches("figcaption")) { this.act(() => { if (!at.collapsed) cutOut(root); typeWith(root, at.field.matches("figcaption") ? plain.replace(/\s+/g, " ") : plain, {}); }); return; }
    const address = /^(?:https?:\/\/|mailto:)\S+$/.test(plain.trim()) ? plain.trim() : "";
    if (address && at.whole && !at.collapsed) { this.mark("href", address); return; }
    this.act(() => {
      if (!at.collapsed) cutOut(root);
      if (found?.blocks?.length) insert(root, found.blocks);
      else if (found?.inline) { const here = selected(root); const line = draw({ kind: "paragraph", text: found.inline }); const before = cut(here.field, 0, here.start), behind = cut(here.field, here.start, Infinity), size = sizeOf(line); const inside = cut(line, 0, Infinity); fill(here.field, [...before, ...inside, ...behind]); caret(here.field, here.start + size); }
      else typeWith(root, plain, {});
    }, found?.blocks?.[0]?.kind === "table" ? `Table with ${found.blocks[0].rows.length} rows` : "Pasted");
  }

  /** Text with several lines, as Markdown. */
  pasteText(text) {
    this.act(() => {
      cutOut(this.root);
      if (!selected(this.root)?.field) this.focus();
      const at = selected(this.root);
      if (at.block.dataset.kind === "code") typeWith(this.root, text, {});
      else if (isIsland(at.block)) typeWith(this.root, text.replace(/\s+/g, " "), {});
      else insert(this.root, blocksOfText(text));
    });
  }

  /** A range goes into the cells from this one on; the table grows as it must. */
  pasteCells(field, rows) {
    const table = field.closest("table");
    const top = field.parentElement.rowIndex, left = field.cellIndex;
    while (table.rows.length < top + rows.length) addRow(table);
    while (table.rows[0].cells.length < left + rows[0].length) addColumn(table);
    rows.forEach((row, y) => row.forEach((text, x) => { const cell = table.rows[top + y].cells[left + x]; fill(cell, cut(draw({ kind: "paragraph", text }), 0, Infinity)); }));
    const last = table.rows[top + rows.length - 1].cells[left + rows[0].length - 1];
    caret(last, sizeOf(last));
  }

  drop(event) {
    const files = [...event.dataTransfer.files];
    if (!files.length) { event.preventDefault(); return; }
    const pictures = files.filter((file) => file.type.startsWith("image/"));
    const others = files.filter((file) => !pictures.includes(file));
    const input = this.form.querySelector("input[type=file][name=files]");
    if (!pictures.length) return; // the page takes it
    event.preventDefault();
    event.stopPropagation();
    const block = blockAt(this.root, event.target);
    if (block && !isIsland(block) && fields(block).length) caret(fields(block).at(-1), sizeOf(fields(block).at(-1)));
    this.addImages(pictures);
    if (!others.length || !input) return;
    const carrier = new DataTransfer();
    for (const file of others) carrier.items.add(file);
    input.files = carrier.files;
    input.dispatchEvent(new Event("change", { bubbles: true }));
  }

  click(event) {
    const { target } = event;
    const box = target.closest(".tick"), tone = target.closest(".tone"), pre = target.closest("pre");
    if (box) this.act(() => { box.ariaChecked = String(box.ariaChecked !== "true"); }, box.ariaChecked === "true" ? "Not done" : "Done");
    else if (tone) openMenu(tone, { label: "Kind of callout", value: tone.closest(".callout").dataset.tone, items: Object.entries(TONES).map(([value, [label, name]]) => ({ value, label, icon: name })), onPick: (value) => this.act(() => setTone(tone.closest(".callout"), value), TONES[value][0]) });
    else if (pre && event.offsetY < 24 && event.target === pre) this.chooseLanguage(pre);
    else if (isIsland(blockAt(this.root, target)) && !target.closest(".f, summary, a, button")) { for (const one of this.root.querySelectorAll(".chosen")) one.classList.remove("chosen"); }
    if (target.closest("a") && (event.ctrlKey || event.metaKey)) window.open(target.closest("a").href, "_blank", "noopener");
    else if (target.closest("a")) event.preventDefault();
  }

  chooseLanguage(pre) {
    openMenu(this.grip, { label: "Language", value: pre.dataset.language, create: true, filter: true, items: [...new Set([...LANGUAGES, pre.dataset.language])].map((value) => ({ value, label: value || "None" })), onPick: (value) => this.act(() => { pre.dataset.language = value.replace(/[^\w+#.-]/g, ""); }, value || "None") });
  }

  // The grip

  placeGrip(block = this.at) {
    if (!block?.isConnected || block === this.root || this.body.hidden) return;
    this.at = block;
    this.grip.hidden = this.root.classList.contains("is-blank");
    this.grip.style.top = `${block.offsetTop}px`;
  }

  openGrip() {
    const block = this.at;
    if (!block || this.dragged) { this.dragged = false; return; }
    const table = block.querySelector("table");
    const field = table && this.root.contains(document.activeElement) ? fieldAt(getSelection().anchorNode) : null;
    const cell = field && table.contains(field) ? field : null;
    const items = [
      ...(table ? [["row", "Add row", "plus"], ["column", "Add column", "plus"], ["drop-row", "Remove row", "minus"], ["drop-column", "Remove column", "minus"]] : []),
      ...(block.dataset.kind === "code" ? [["language", "Language", "code"]] : []),
      ["up", "Move up", "arrow-up"], ["down", "Move down", "arrow-down"], ["above", "Text above", "plus"], ["copy", "Duplicate", "copy"], ["delete", "Delete", "trash-2"],
    ].map(([value, label, name]) => ({ value, label, icon: symbolId(name) }));
    const [first] = fields(block);
    const aim = () => { if (first && !block.contains(getSelection().anchorNode)) caret(first, 0); };
    openMenu(this.grip, { label: "Block", items, onPick: (value, label) => {
      if (value === "language") { this.chooseLanguage(block); return; }
      this.act(() => {
        if (value === "row") addRow(table);
        else if (value === "column") addColumn(table);
        else if (value === "drop-row") removeRow(table, cell ?? table.tBodies[0].lastElementChild?.cells[0]);
        else if (value === "drop-column") removeColumn(table, cell);
        else if (value === "up") block.previousElementSibling?.before(block);
        else if (value === "down") block.nextElementSibling?.after(block);
        else if (value === "above") { const fresh = draw({ kind: "paragraph", text: "" }); block.before(fresh); caret(fresh, 0); return; }
        else if (value === "copy") block.after(draw(blockOf(block)));
        else { const next = block.nextElementSibling ?? block.previousElementSibling; block.remove(); this.tidy(); const to = fields(next?.isConnected ? next : this.root.firstElementChild)[0]; if (to) caret(to, 0); return; }
        aim();
      }, label);
    } });
  }

  /** Drag a block by its grip: it moves as the pointer passes others. */
  drag(event) {
    if (event.button || !this.at) return;
    event.preventDefault();
    const block = this.at, from = event.clientY;
    this.dragged = false;
    this.dragging = true;
    this.grip.setPointerCapture(event.pointerId);
    const follow = ({ clientY }) => {
      if (!this.dragged && Math.abs(clientY - from) < 4) return;
      this.dragged = true;
      block.classList.add("dragged");
      const over = [...this.root.children].find((one) => { const box = one.getBoundingClientRect(); return clientY >= box.top && clientY <= box.bottom; });
      if (!over || over === block) return;
      const box = over.getBoundingClientRect();
      if (block.compareDocumentPosition(over) & Node.DOCUMENT_POSITION_FOLLOWING) { if (clientY > box.top + Math.min(box.height, block.offsetHeight) / 2) over.after(block); } else if (clientY < box.bottom - Math.min(box.height, block.offsetHeight) / 2) over.before(block);
      this.placeGrip(block);
    };
    const end = () => {
      this.grip.removeEventListener("pointermove", follow);
      this.dragging = false;
      block.classList.remove("dragged");
      if (this.dragged) this.changed();
    };
    this.grip.addEventListener("pointermove", follow);
    this.grip.addEventListener("lostpointercapture", end, { once: true });
  }

  walkTools(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    const all = [...this.tools.filter((tool) => !tool.hidden), this.switch];
    const at = all.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    const to = all[(at + step + all.length) % all.length];
    for (const tool of all) tool.tabIndex = tool === to ? 0 : -1;
    this.switch.tabIndex = 0;
    to.focus();
  }

  /** The form waits for pictures that are on their way. */
  submit(event) {
    if (!this.textarea.hidden) return;
    this.changed();
    if (!this.uploads.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    submitter?.setAttribute("aria-busy", "true");
    this.say("Waiting for the upload");
    Promise.allSettled([...this.uploads]).then(() => { submitter?.removeAttribute("aria-busy"); if (this.form.isConnected && !this.root.querySelector(".err")) this.form.requestSubmit(submitter); });
  }
}

const NAMES = { paragraph: "Text", heading: "Heading", item: "List", quote: "Quote", callout: "Callout", code: "Code", table: "Table", image: "Image", divider: "Divider" };
const MARKS = { bold: "Bold", italic: "Italic", code: "Code", strike: "Struck through", href: "Link" };

const symbolId = (name) => `i-${name}`;
const addressOf = (typed) => (/^FND-\d+$/i.test(typed) ? `/${typed.toUpperCase()}` : !typed || /^(?:https?:\/\/|mailto:|\/)/i.test(typed) ? typed.replace(/[()\s]/g, encodeURIComponent) : `https://${typed}`);
