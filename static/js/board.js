// The board with script on: cards move at once by drag, key or menu, the server confirms, a toast offers Undo. What others
// change shows within two seconds, and moves neither the card that somebody looks at nor the one they have in hand.

import { fillAges } from "./ages.js";
import { bind, whenLoaded } from "./keys.js";
import { isOffline, onChange } from "./live.js";
import { post, reason } from "./post.js";
import { toast } from "./toast.js";

const ORDER = ["open", "in_progress", "resolved", "rejected"];
const ICONS = { open: "i-st-open", in_progress: "i-st-prog", resolved: "i-st-done", rejected: "i-st-rej" };
const QUESTIONS = { resolved: "What was it?", rejected: "Why not?" };
const AT_ONCE = 200; // issues that one question asks about
const AHEAD = 3; // cards before the end of a column at which its next page is fetched

const holder = () => document.getElementById("columns");
const columnOf = (status) => document.getElementById(`col-${status}`);
const listOf = (status) => columnOf(status).querySelector("ol");
const nameOf = (status) => columnOf(status).querySelector("h2").textContent;
const idOf = (card) => card.dataset.reference.slice(4);
const linkOf = (card) => card.querySelector("h3 a");
const isReadOnly = () => holder().hasAttribute("data-readonly") || isOffline();
const parse = (html) => new DOMParser().parseFromString(html, "text/html");
const has = (card) => card.contains(document.activeElement);
let last = null; // the reference of the card that had focus last
let selection = null; // select.js, once something was selected

// Places

/** Put a card where it belongs that was changed just now: first of its priority. False if that is not loaded yet. */
function settle(card, list) {
  const rank = Number(card.dataset.rank);
  const after = [...list.children].find((other) => other !== card && Number(other.dataset.rank) >= rank) ?? null;
  if (!after && list.parentElement.querySelector("[data-more]")) return false;
  put(card, list, after);
  return true;
}

/** Insert a card without losing the focus in it. */
function put(card, list, before = null) {
  if (card.parentElement === list && card.nextElementSibling === before) return;
  const focused = has(card);
  list.insertBefore(card, before);
  if (focused) linkOf(card).focus({ preventScroll: true });
}

/** Do `work` on a column without moving the card in it that is looked at: focused, pointed at, or scrolled to. */
function hold(list, work) {
  const inside = list.querySelector(":scope > .card:focus-within") ?? list.querySelector(":scope > .card:hover");
  const top = list.getBoundingClientRect().top;
  const kept = inside ?? (list.scrollTop > 0 ? [...list.children].find((card) => card.getBoundingClientRect().bottom > top) : null);
  const before = kept?.getBoundingClientRect().top;
  work();
  if (kept?.parentElement !== list) return;
  const moved = kept.getBoundingClientRect().top - before;
  if (list.scrollHeight > list.clientHeight && getComputedStyle(list).overflowY === "auto") list.scrollTop += moved;
  else scrollBy(0, moved);
}

/** Take a card away; its focus, and the tab stop, go to its neighbour, or to the first card that is left. */
function remove(card) {
  const focused = has(card), wasStop = linkOf(card).tabIndex === 0;
  const beside = card.nextElementSibling ?? card.previousElementSibling;
  hold(card.parentElement, () => card.remove());
  const next = beside ?? document.querySelector(".card");
  if (!next) return;
  if (focused) focusCard(next);
  else if (wasStop) linkOf(next).tabIndex = 0;
}

function replace(card, fresh) {
  const focused = has(card);
  card.replaceWith(fresh);
  prepare(fresh);
  if (focused) linkOf(fresh).focus({ preventScroll: true });
}

// Counts

function countOf(status) {
  const text = columnOf(status).querySelector("[data-count-of]").textContent;
  return text.endsWith("+") ? null : Number(text.replaceAll(",", ""));
}

function setCount(status, words) {
  for (const place of document.querySelectorAll(`[data-count-of="${status}"]`)) place.textContent = words;
  const more = columnOf(status).querySelector("[data-more]");
  const count = countOf(status);
  if (more && count !== null) more.textContent = `${Math.max(1, count - listOf(status).children.length).toLocaleString("en")} more`;
}

function shift(status, by) {
  const count = countOf(status);
  if (count !== null) setCount(status, (count + by).toLocaleString("en"));
}

function announce(words) {
  const total = document.getElementById("total");
  if (total.textContent !== words) total.textContent = words;
}

// Changes of the viewer's own

/** Change a card; the server's card takes its place. Resolves to whether the server did it; if not, it says why. */
async function change(card, fields, { undone = () => {} } = {}) {
  const { reference } = card.dataset;
  card.dataset.busy = "1";
  let response = null;
  try {
    response = await post(`/${reference}/card`, fields);
  } catch {
    // said below
  }
  delete card.dataset.busy;
  if (!response?.ok) {
    undone();
    const again = { label: "Try again", run: () => retry(reference, fields) };
    toast(`${reference} was not changed. ${await reason(response)}`, [404, 403].includes(response?.status) ? {} : { action: again });
    return false;
  }
  const fresh = parse(await response.text()).querySelector(".card");
  if (fresh && card.isConnected && !fresh.dataset.status) remove(card);
  else if (fresh && card.isConnected) {
    const stays = fresh.dataset.rank === card.dataset.rank && fresh.dataset.status === card.dataset.status;
    replace(card, fresh);
    if (!stays) settle(fresh, listOf(fresh.dataset.status));
    if (has(fresh)) fresh.scrollIntoView({ block: "nearest" });
  }
  return true;
}

function retry(reference, fields) {
  const card = document.getElementById(reference);
  if (!card) return;
  if (fields.status) move(card, fields.status, fields.resolution_summary ?? "");
  else change(card, { ...fields, version: card.dataset.version });
}

/** Move a card to a column now, ask what it was if that closes it, tell the server, and put it back if that refuses. */
async function move(card, status, summary = null) {
  const from = card.dataset.status;
  if (status === from || isReadOnly() || card.dataset.busy) return;
  if (!status) { change(card, { status: "" }); return; }
  const home = { list: card.parentElement, next: card.nextElementSibling };
  card.dataset.busy = "1";
  if (!settle(card, listOf(status))) put(card, listOf(status));
  shift(from, -1);
  shift(status, +1);
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
  const text = summary ?? (QUESTIONS[status] ? await ask(card, status) : "");
  const putBack = () => {
    put(card, home.list, home.next?.parentElement === home.list ? home.next : null);
    shift(from, +1);
    shift(status, -1);
  };
  await change(card, text ? { status, resolution_summary: text } : { status }, { undone: putBack });
}

/** How many issues go along with a card that is moved: all that are selected, if it is one of them. */
const along = (card) => (selection?.has(card) ? selection.size() : 1);

/** Move a card, and with it what is selected as one act; nothing is asked then. */
function moveAll(grabbed, status) {
  if (along(grabbed) === 1) { move(grabbed, status); return; }
  if (isReadOnly()) return;
  const cards = [...holder().querySelectorAll(".card[data-selected]:not([data-busy])")].filter((card) => card.dataset.status !== status);
  const homes = cards.map((card) => ({ card, list: card.parentElement, next: card.nextElementSibling }));
  for (const card of cards.toReversed()) {
    card.dataset.busy = "1";
    if (!settle(card, listOf(status))) put(card, listOf(status));
    shift(card.dataset.status, -1);
    shift(status, +1);
  }
  grabbed.scrollIntoView({ block: "nearest", inline: "nearest" });
  if (cards.length) selection.change({ do: `status=${status}` }, (done) => {
    for (const { card, list, next } of homes.toReversed()) {
      delete card.dataset.busy;
      if (done) continue;
      put(card, list, next?.parentElement === list ? next : null);
      shift(card.dataset.status, +1);
      shift(status, -1);
    }
  });
}

/** One field in the card's place. Enter saves, Esc saves without a text, and so does turning elsewhere with what is typed. */
function ask(card, status) {
  const form = document.createElement("form");
  form.className = "ask";
  form.innerHTML = '<label></label><input class="input" autocomplete="off"><p class="hint">Enter saves. Esc saves without a text.</p>';
  const [label, input] = form.children;
  label.textContent = QUESTIONS[status];
  label.htmlFor = input.id = `ask-${card.id}`;
  input.maxLength = Number(holder().dataset.resolutionMax);
  card.append(form);
  card.draggable = false;
  input.focus();
  return new Promise((resolve) => {
    let finished = false;
    const finish = (text) => {
      if (finished) return;
      finished = true;
      if (form.contains(document.activeElement)) linkOf(card).focus();
      form.remove();
      card.draggable = true;
      resolve(text.trim());
    };
    form.addEventListener("submit", (event) => { event.preventDefault(); finish(input.value); });
    input.addEventListener("blur", () => { if (document.hasFocus()) finish(input.value); });
    input.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Escape") finish("");
    });
  });
}

// A menu is loaded once a card is looked at, so that it is there when it is asked for.
const loadMenu = () => import("./menu.js");
const openMenu = (anchor, options) => whenLoaded(loadMenu(), (menu) => { if (anchor.isConnected) menu.openMenu(anchor, options); });
for (const kind of ["focusin", "pointerover"])
  document.addEventListener(kind, function look({ target }) { if (target.closest?.(".card")) { document.removeEventListener(kind, look); loadMenu(); } });

/** The menu of a property at a card. */
function choose(card, field) {
  if (isReadOnly() || card.dataset.busy) return;
  const { dataset } = card;
  const many = field === "tags";
  openMenu(card.querySelector(".row"), {
    url: field === "status" || field === "priority" ? `#menu-${field}` : `/menu/${field}`,
    label: { status: "Status", priority: "Priority", owner: "Owner", tags: "Tags" }[field],
    value: many ? JSON.parse(dataset.tags) : dataset[field],
    multiple: many,
    create: many,
    onPick: (value) => {
      if (field === "status") move(card, value);
      else if (many) change(card, { tags: value.length ? value : "", version: dataset.version });
      else if (value !== dataset[field]) change(card, { [field]: value });
    },
  });
}

/** All that can be done to a card, for a thumb or a pointer. */
function openCardMenu(card, anchor) {
  const columns = ORDER.filter((status) => status !== card.dataset.status);
  const all = along(card);
  openMenu(anchor, {
    label: all > 1 ? `Change ${all} issues` : `Change ${card.dataset.reference}`,
    items: [
      ...columns.map((status) => ({ value: `status ${status}`, label: nameOf(status), icon: ICONS[status] })),
      { value: "priority", label: "Priority", icon: "i-p-high" },
      { value: "owner", label: "Owner", icon: "i-user" },
      { value: "tags", label: "Tags", icon: "i-tag" },
      { value: "select", label: card.hasAttribute("data-selected") ? "Take out of the selection" : "Select", icon: "i-check" },
    ],
    onPick: (value) => {
      const [field, status] = value.split(" ");
      if (value === "select") select("toggle", card);
      else if (status) moveAll(card, status);
      else if (all > 1) selection.choose(field);
      else choose(card, field);
    },
  });
}

document.addEventListener("click", (event) => {
  const summary = event.target.closest(".card .move > summary");
  if (!summary) return;
  event.preventDefault();
  openCardMenu(summary.closest(".card"), summary);
});

// Drag

let grabbed = null; // the card that is dragged

document.addEventListener("dragstart", (event) => {
  const card = event.target.closest?.(".card");
  if (!card) return;
  if (isReadOnly() || card.dataset.busy) { event.preventDefault(); return; }
  grabbed = card;
  const picture = card.cloneNode(true);
  if (along(card) > 1) picture.dataset.along = `${along(card).toLocaleString("en")} issues`;
  for (const one of along(card) > 1 ? document.querySelectorAll(".card[data-selected]") : [card]) one.classList.add("dragging");
  picture.classList.add("drag");
  picture.style.width = `${card.offsetWidth}px`;
  document.body.append(picture);
  const at = card.getBoundingClientRect();
  event.dataTransfer.setDragImage(picture, event.clientX - at.left, event.clientY - at.top);
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", card.dataset.reference);
  setTimeout(() => picture.remove());
});
document.addEventListener("dragover", (event) => {
  if (!grabbed) return;
  const column = event.target.closest?.(".col");
  for (const one of document.querySelectorAll(".col")) one.classList.toggle("drop", one === column && !one.contains(grabbed));
  if (column) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  const column = event.target.closest?.(".col"), card = grabbed;
  if (!card || !column) return;
  event.preventDefault();
  letGo();
  moveAll(card, column.dataset.status);
});
document.addEventListener("dragend", letGo);

function letGo() {
  grabbed = null;
  for (const card of document.querySelectorAll(".card.dragging")) card.classList.remove("dragging");
  for (const column of document.querySelectorAll(".col.drop")) column.classList.remove("drop");
}

// Focus: one tab stop on the board; arrows and letters inside

function focusCard(card) {
  if (!card) return;
  linkOf(card).focus();
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

document.addEventListener("focusin", (event) => {
  const card = event.target.closest(".card");
  if (!card || event.target !== linkOf(card)) return;
  for (const link of document.querySelectorAll(".card h3 a[tabindex='0']")) link.tabIndex = -1;
  event.target.tabIndex = 0;
  last = card.id;
});

function prepare(root) {
  fillAges(root);
  const cards = root.matches?.(".card") ? [root] : root.querySelectorAll(".card");
  for (const card of cards) {
    const link = linkOf(card);
    card.draggable = !holder().hasAttribute("data-readonly");
    link.draggable = false;
    link.tabIndex = card.id === last ? 0 : -1;
    card.querySelector(".move > summary").tabIndex = -1;
    selection?.mark(card);
  }
  const stop = document.querySelector(".card h3 a[tabindex='0']") ?? document.querySelector(".card h3 a");
  if (stop) stop.tabIndex = 0;
}

const focused = () => document.activeElement.closest?.(".card") ?? null;
const onCard = () => focused() !== null;

function step(by) {
  const card = focused();
  if (card) focusCard(by > 0 ? card.nextElementSibling : card.previousElementSibling);
  else focusCard(document.getElementById(last) ?? document.querySelector(".card"));
}

/** To the card at the same height in the next column that has any. */
function across(by) {
  const card = focused();
  if (!card) return step(1);
  const columns = ORDER.map(columnOf);
  const y = card.getBoundingClientRect().top;
  for (let n = columns.indexOf(card.closest(".col")) + by; columns[n]; n += by) {
    const cards = [...columns[n].querySelectorAll(".card")];
    if (cards.length) return focusCard(cards.reduce((best, one) => (Math.abs(one.getBoundingClientRect().top - y) < Math.abs(best.getBoundingClientRect().top - y) ? one : best)));
  }
}

function carry(by) {
  const card = focused();
  const target = ORDER[ORDER.indexOf(card.dataset.status) + by];
  if (target) moveAll(card, target);
}

const group = "Board and list";
bind({ keys: ["j", "ArrowDown"], label: "Next", group, command: false, when: (event) => event.key === "j" || onCard(), run: () => step(1) });
bind({ keys: ["k", "ArrowUp"], label: "Previous", group, command: false, when: (event) => event.key === "k" || onCard(), run: () => step(-1) });
bind({ keys: ["l", "ArrowRight"], label: "Next column", group, command: false, when: (event) => event.key === "l" || onCard(), run: () => across(1) });
bind({ keys: ["h", "ArrowLeft"], label: "Previous column", group, command: false, when: (event) => event.key === "h" || onCard(), run: () => across(-1) });
const writable = () => !isReadOnly() && (onCard() || selection?.size() > 0);
for (const [keys, field, label] of [["s", "status", "Status"], ["p", "priority", "Priority"], ["o", "owner", "Owner"], ["t", "tags", "Tags"]])
  bind({ keys, label, group, when: writable, run: () => { if (selection?.size()) selection.choose(field); else choose(focused(), field); } });
bind({ keys: "x", label: "Select", group, when: () => onCard() && !isReadOnly(), run: () => select("toggle", focused()) });
bind({ keys: "Shift+x", label: "Select a range", group, when: () => onCard() && !isReadOnly(), run: () => select("extend", focused()) });
bind({ keys: "Shift+ArrowRight", label: "Move card right", group, writes: true, when: onCard, run: () => carry(1) });
bind({ keys: "Shift+ArrowLeft", label: "Move card left", group, writes: true, when: onCard, run: () => carry(-1) });

let begun = null; // the loading of select.js

function select(how, card) {
  begun ??= import("./select.js").then(async (module) => { await module.begin({ refresh }); selection = module; });
  const run = () => selection[how](document.getElementById(card.id) ?? card);
  if (selection) run();
  else whenLoaded(begun, run);
}

// The rest of a column, as one scrolls

const ends = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) loadMore(target.closest(".col"));
});

function watch(column) {
  const { children } = column.querySelector("ol");
  if (column.querySelector("[data-more]") && children.length) ends.observe(children[Math.max(0, children.length - AHEAD)]);
}

async function loadMore(column) {
  const link = column.querySelector("[data-more]");
  if (!link || link.ariaBusy) return;
  link.ariaBusy = "true";
  const response = await fetch(link.href, { headers: { "HX-Request": "true" } }).catch(() => null);
  link.ariaBusy = null;
  if (!response?.ok || !link.isConnected) return;
  const page = parse(await response.text()).querySelector("ol");
  const list = column.querySelector("ol");
  for (const card of [...page.children]) {
    if (document.getElementById(card.id)) continue;
    list.append(card);
    prepare(card);
  }
  if (page.dataset.more) link.href = page.dataset.more;
  else {
    link.remove();
    column.querySelector("[data-older]")?.removeAttribute("hidden");
  }
  const { status } = column.dataset;
  setCount(status, column.querySelector("[data-count-of]").textContent);
  watch(column);
}

document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-more]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const column = link.closest(".col");
  const end = column.querySelector("ol").lastElementChild;
  await loadMore(column);
  focusCard(end?.nextElementSibling);
});

// The column in sight, marked among those that one jumps to on a phone: the one in the middle of the screen

const middle = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) if (isIntersecting) mark(target.id);
}, { rootMargin: "0px -50%" });

function mark(id) {
  for (const pill of document.querySelectorAll(".col-tabs a")) {
    const is = pill.hash === `#${id}`;
    pill.ariaCurrent = is ? "true" : null;
    if (is) pill.parentElement.scrollTo(pill.offsetLeft - pill.parentElement.firstElementChild.offsetLeft, 0);
  }
}

// What others change

const waiting = new Set(); // ids of issues whose cards somebody has in hand just now
let isBehind = false; // whether more was changed than can be named

const inHand = (card) => card.matches(".dragging, [data-busy]") || (has(card) && document.querySelector(".menu.pop")) || card.querySelector("[open]");

/** Bring cards up to date. `own`: the viewer did it, so that everything may move at once. */
async function refresh(ids, { own = false } = {}) {
  for (const id of ids) waiting.add(String(id));
  if (isBehind && !(await catchUp(own))) { later(); return; }
  do {
    const asked = [...waiting].slice(0, AT_ONCE);
    const fresh = await changesOf(asked);
    if (!fresh) return;
    if (document.querySelector(".card.dragging")) { later(); return; }
    const cards = new Map([...fresh.children].map((card) => [card.id, card]));
    const found = [...cards.keys()].map((reference) => reference.slice(4)); // what changed last comes last, and stands first
    for (const id of new Set([...asked.filter((id) => !cards.has(`FND-${id}`)), ...found])) {
      const card = document.getElementById(`FND-${id}`);
      if (card && inHand(card)) continue;
      waiting.delete(id);
      bring(card, cards.get(`FND-${id}`), own);
    }
    for (const status of ORDER) setCount(status, fresh.getAttribute(`data-${status}`));
    announce(fresh.dataset.total);
    selection?.say();
  } while (waiting.size > AT_ONCE);
  if (waiting.size) later();
}

const changesOf = (ids) => fetched("/board/changes", { id: ids }, "changes");

/** Something of this board, with its filter; null if the server does not answer. */
async function fetched(path, parameters, id) {
  const asked = location.search;
  const query = new URLSearchParams(asked);
  query.delete("did");
  for (const [name, values] of Object.entries(parameters)) for (const value of values) query.append(name, value);
  const response = await fetch(`${path}?${query}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  const html = response?.ok ? await response.text() : null;
  // Another filter meanwhile: what does not match the one that was asked for may well be on this board.
  if (location.search !== asked) return fetched(path, parameters, id);
  return html === null ? null : parse(html).getElementById(id);
}

/** Bring every column up to date, as far down as it is shown. Whether that was possible just now. */
async function catchUp(own) {
  const fresh = await fetched("/", { first: [ORDER.map((status) => listOf(status).children.length).join(",")] }, "columns");
  if (!fresh || document.querySelector(".card.dragging")) return false;
  isBehind = false;
  const there = new Set([...fresh.querySelectorAll(".card")].map(({ id }) => id));
  const gone = [...holder().querySelectorAll(".card")].filter(({ id }) => !there.has(id));
  const arrange = () => {
    for (const status of ORDER) fill(listOf(status), fresh.querySelector(`#col-${status} ol`), own);
    for (const card of gone)
      if (inHand(card)) waiting.add(idOf(card));
      else bring(card, null, own);
  };
  ORDER.map(listOf).reduce((work, list) => () => hold(list, work), arrange)();
  for (const status of ORDER) {
    const column = columnOf(status), now = fresh.querySelector(`#col-${status}`);
    const foot = column.querySelector("footer"), focus = foot.contains(document.activeElement);
    foot.replaceWith(now.querySelector("footer"));
    if (focus) (column.querySelector("footer a") ?? column.querySelector("li:last-child h3 a"))?.focus({ preventScroll: true });
    setCount(status, now.querySelector("[data-count-of]").textContent);
    watch(column);
  }
  announce(fresh.dataset.total);
  selection?.say();
  return true;
}

/** Put the cards of `fresh` into a column in their order; those that are in hand or pointed at stay where they are. */
function fill(list, fresh, own) {
  const cards = [...fresh.children], there = new Set(cards.map(({ id }) => id));
  let place = list.firstElementChild; // before which the next one goes
  for (const card of cards) {
    const old = document.getElementById(card.id);
    while (place && !there.has(place.id)) place = place.nextElementSibling; // goes, or stays where it is
    if (old && old === place) place = place.nextElementSibling;
    if (old && isOlder(card, old)) continue;
    if (old && inHand(old)) waiting.add(idOf(card));
    else if (old && isPointed(old, own)) bring(old, card, own);
    else if (old && !isOlder(old, card)) put(old, list, place);
    else {
      if (old) replace(old, card);
      put(card, list, place);
      if (!old) prepare(card);
    }
  }
}

const later = () => setTimeout(() => refresh([]), 1000);

const isOlder = (card, other) => Number(card.dataset.version) < Number(other.dataset.version) || card.hasAttribute("data-left");
const isPointed = (card, own) => !own && !has(card) && hovers.matches && card.matches(":hover");

/** Bring a card up to date: put in, change in place, move, or take away. */
function bring(card, fresh, own) {
  const pointed = card && isPointed(card, own);
  if (!fresh) {
    if (pointed) linger(card, "No longer on this board");
    else if (card) remove(card);
    return;
  }
  const list = listOf(fresh.dataset.status);
  if (!card) {
    hold(list, () => settle(fresh, list));
    if (fresh.isConnected) prepare(fresh);
  } else if (isOlder(card, fresh)) {
    const stays = card.dataset.status === fresh.dataset.status && card.dataset.rank === fresh.dataset.rank && card.closest(".col").dataset.status === fresh.dataset.status;
    const old = card.parentElement;
    hold(old, () => replace(card, fresh));
    if (stays) return;
    if (pointed) linger(fresh, `Now ${nameOf(fresh.dataset.status).toLowerCase()}, ${fresh.querySelector(".prio").title.toLowerCase()}`);
    else hold(list, () => { if (!settle(fresh, list)) remove(fresh); });
  }
}

const hovers = matchMedia("(hover: hover)");

/** A card under the pointer stays, so that no other comes where one is about to click; it goes where it belongs after. */
function linger(card, words) {
  card.setAttribute("data-left", "");
  const note = card.querySelector(".left") ?? document.createElement("p");
  note.className = "left hint";
  note.textContent = words;
  card.append(note);
  // A card that came under the pointer by itself, and went again, was never entered, and is not left.
  const left = new AbortController();
  const look = () => {
    if (card.isConnected && card.matches(":hover")) return;
    left.abort();
    refresh([idOf(card)]);
  };
  card.addEventListener("pointerleave", look, left);
  document.addEventListener("pointerover", look, left);
}

let undone = false; // whether the viewer took something back just now
document.addEventListener("undone", () => { undone = true; });
onChange((changes) => {
  const own = undone;
  undone = false;
  isBehind ||= !changes;
  return refresh(changes?.map((change) => change.id) ?? [], { own });
});

// The beginning, and after each change of the filter

function begin() {
  prepare(holder());
  for (const column of document.querySelectorAll(".col")) {
    watch(column);
    middle.observe(column);
  }
}

document.body.addEventListener("htmx:afterSwap", () => {
  begin();
  selection?.say();
  announce(holder().dataset.total);
});

begin();
