// The block editor of a description, over the Markdown textarea that stays in the form as its value. Loaded when editing begins.
//
// The elements are what is edited; editor-dom.js turns them into blocks, editor-markdown.js these into Markdown, and what was
// not touched keeps its very text. Every change goes through `changed`, which writes the textarea and remembers a step of undo.

import { after, insert, selected, turnInto, typeWith } from "./editor-commands.js";
import { TONES, blockAt, blockOf, caret, draw, fields, fill, isEmpty, isIsland, isText, make, number, setTone, settle, sizeOf } from "./editor-dom.js";
import { Clipboard } from "./editor-clipboard.js";
import { Grip } from "./editor-grip.js";
import { History } from "./editor-history.js";
import { symbol } from "./editor-icons.js";
import { read, remember, write } from "./editor-markdown.js";
import { Pictures } from "./editor-pictures.js";
import { Popup } from "./editor-popup.js";
import { Typing } from "./editor-typing.js";
import { openMenu } from "./menu.js";

const MODE = "editor"; // in localStorage: what the viewer chose last
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
  { label: "Image", icon: "image", hint: "from a file", at: true, run: (editor) => editor.pictures.pick() },
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
    this.frame = this.build();
    this.frame.style.minHeight = `${textarea.offsetHeight}px`; // nothing moves
    textarea.before(this.frame);
    this.toolbar.after(textarea);
    // Whoever gives the focus to the field means what one sees of it.
    textarea.focus = (options) => (textarea.hidden ? this.focus() : HTMLTextAreaElement.prototype.focus.call(textarea, options));
    this.popup = new Popup((sign, words) => this.offer(sign, words), (option) => this.take(option), (words) => this.say(words));
    this.typing = new Typing(this);
    this.clipboard = new Clipboard(this);
    this.pictures = new Pictures(this);
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
    this.grip = new Grip(this);
    this.status = make("p", { className: "vh", role: "status" });
    this.note = make("p", { className: "editor-note", hidden: true, role: "status" });
    this.pad = make("div", { className: "pad" });
    this.body = make("div", { className: "body" }, this.root, this.pad, this.grip.button);
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
    this.textarea.toggleAttribute("data-mentions", markdown); // here "@" has a list of its own
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
    const attributeFilter = ["data-level", "data-list", "data-tone", "data-language", "data-url", "aria-checked", "href", "data-href"];
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
    this.grip.place();
  }

  /** What the browser or a command left behind, as blocks. */
  tidy() {
    const { root } = this;
    this.noticed(this.observer?.takeRecords() ?? []);
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
      if (isIsland(block) || (this.looks.has(block) && !this.stale.has(block))) continue;
      for (const inner of block.querySelectorAll(".block")) inner.classList.remove("block"); // joined by the browser
      for (const field of fields(block)) {
        for (const odd of field.querySelectorAll("span:not(.tick), font, div")) odd.replaceWith(...odd.childNodes);
        settle(field);
      }
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
    const fitting = OFFERS.filter((offer) => offer.label.toLowerCase().includes(wanted) && (!offer.when || offer.when(this)));
    return fitting.sort((one, other) => score(one) - score(other)).map((offer) => ({ ...offer, icon: symbol(offer.icon), offer }));
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

  // Events

  listen() {
    const { root, textarea, form, toolbar } = this;
    root.addEventListener("click", (event) => this.click(event));
    root.addEventListener("focusout", () => this.popup.close());
    root.addEventListener("focusin", () => { if (textarea.value !== this.written) this.load(); });
    this.pad.addEventListener("click", () => { if (isText(root.lastElementChild)) this.focus(); else after(root.lastElementChild); });
    this.body.addEventListener("pointermove", ({ target }) => this.grip.place(blockAt(root, target) ?? undefined));
    const moved = () => {
      if (!root.isConnected) document.removeEventListener("selectionchange", moved);
      else if (root.contains(getSelection().anchorNode)) this.grip.place(selected(root)?.block);
    };
    document.addEventListener("selectionchange", moved);
    new MutationObserver(() => this.mirror()).observe(textarea, { attributeFilter: ["aria-describedby", "aria-invalid"] });
    // Somebody else gave the field another text: a draft that came back, "Discard".
    textarea.addEventListener("input", () => { if (textarea.hidden && textarea.value !== this.written) this.load(); });
    form.addEventListener("reset", () => setTimeout(() => this.load()));
    form.addEventListener("submit", (event) => this.submit(event), true);
    toolbar.addEventListener("pointerdown", (event) => { if (event.target.closest("button") && !this.body.hidden) event.preventDefault(); });
    toolbar.addEventListener("keydown", (event) => this.walkTools(event));
  }

  undo(step) {
    this.changed();
    this.typing.pending = null;
    if (!this.history.go(step)) return this.say(step < 0 ? "Nothing to undo" : "Nothing to redo");
    this.tidy();
    this.written = this.textarea.value = this.markdown();
    this.textarea.dispatchEvent(new Event("input", { bubbles: true }));
    return this.say(step < 0 ? "Undone" : "Redone");
  }

  click(event) {
    const { target } = event;
    const box = target.closest(".tick"), link = target.closest("a"), pre = target.closest("pre");
    if (box) this.act(() => { box.ariaChecked = String(box.ariaChecked !== "true"); }, box.ariaChecked === "true" ? "Not done" : "Done");
    else if (target.closest(".tone")) this.chooseTone(target.closest(".callout"));
    else if (pre && target === pre && event.offsetY < 24) this.grip.chooseLanguage(pre);
    if (link) event.preventDefault();
    if (link?.href && (event.ctrlKey || event.metaKey)) window.open(link.href, "_blank", "noopener");
  }

  chooseTone(callout) {
    const items = Object.entries(TONES).map(([value, [label, icon]]) => ({ value, label, icon }));
    const onPick = (value) => this.act(() => { setTone(callout, value); }, TONES[value][0]);
    openMenu(callout.querySelector(".tone"), { label: "Kind of callout", value: callout.dataset.tone, items, onPick });
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
  async submit(event) {
    if (!this.textarea.hidden) return;
    this.changed();
    if (!this.pictures.uploads.size) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const { submitter } = event;
    submitter?.setAttribute("aria-busy", "true");
    this.say("Waiting for the upload");
    const arrived = await this.pictures.settled();
    submitter?.removeAttribute("aria-busy");
    if (arrived && this.form.isConnected) this.form.requestSubmit(submitter);
  }
}
