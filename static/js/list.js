// The list with script on: one tab stop and keys inside, ranges, a selection that outlives filters and pages, and rows
// that follow what others change without moving.

import { fillAges } from "./app.js";
import { LABELS, bar, choose as chooseAt, count, onButton, send } from "./bulk.js";
import { loadHtmx } from "./swap.js";
import { bind, singleKeys } from "./keys.js";
import { check, onChange } from "./live.js";
import { isMenuOpen } from "./menu.js";
import { post, reason } from "./post.js";
import { toast } from "./toast.js";

const AT_ONCE = 200; // rows that one question asks for
const ticked = new Set(); // ids that are selected one by one
const unticked = new Set(); // ids that were taken out of a frozen selection
let anchor = null; // the id of the row that a range starts at
let removed = false; // whether rows left the page

const table = () => document.querySelector("table.list");
const rows = () => [...document.querySelectorAll(".list tbody tr[data-id]")];
const boxOf = (row) => row.querySelector("[name=issue]");
const rowOf = (id) => document.querySelector(`.list tr[data-id="${id}"]`);
const linkOf = (row) => row.querySelector(".c-title a");
const focused = () => document.activeElement?.closest?.(".list tbody tr[data-id]") ?? null;
const frozen = () => bar()?.querySelector("[name=selection]") ?? null;
const size = () => Number(frozen()?.dataset.count ?? 0) - unticked.size + ticked.size;

// Selecting

function tick(row, on) {
  const box = boxOf(row), { id } = row.dataset;
  box.checked = on;
  if (frozen() && box.defaultChecked) on ? unticked.delete(id) : unticked.add(id);
  else on ? ticked.add(id) : ticked.delete(id);
}

function tickRange(to, on = true) {
  const all = rows();
  const from = Math.max(0, all.findIndex((row) => row.dataset.id === anchor));
  const until = all.indexOf(to);
  for (const row of all.slice(Math.min(from, until), Math.max(from, until) + 1)) tick(row, on);
  anchor = to.dataset.id;
  say();
}

function clear() {
  if (frozen()) return location.assign(document.getElementById("clear-selection").href);
  for (const row of rows()) tick(row, false);
  ticked.clear();
  say();
}

/** How many are selected, in the bar and in the box at the head. */
function say() {
  if (!bar()) return;
  const all = rows();
  count(size(), [...ticked].filter((id) => !rowOf(id)).length);
  const head = document.getElementById("box-of-page");
  if (!head) return;
  const here = all.filter((row) => boxOf(row).checked).length;
  head.checked = all.length > 0 && here === all.length;
  head.indeterminate = here > 0 && here < all.length;
}

/** After a swap: ticks, tab stops and ages of rows that came. */
function prepare(root = document) {
  for (const row of root.querySelectorAll(".list tbody tr[data-id]")) {
    const { id } = row.dataset, box = boxOf(row);
    if (ticked.has(id)) box.checked = true;
    if (unticked.has(id)) box.checked = false;
    linkOf(row).tabIndex = -1;
    box.tabIndex = singleKeys() ? -1 : 0;
  }
  const first = rows()[0];
  if (first && !document.querySelector(".list .c-title a[tabindex='0']")) linkOf(first).tabIndex = 0;
  for (const box of root.querySelectorAll("[data-script]")) box.hidden = false;
  fillAges(root);
  say();
}

function focus(row) {
  if (!row) return;
  for (const link of document.querySelectorAll(".list .c-title a[tabindex='0']")) link.tabIndex = -1;
  linkOf(row).tabIndex = 0;
  linkOf(row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function step(by, extend) {
  const all = rows(), row = focused();
  const next = row ? all[all.indexOf(row) + by] : all[0];
  if (extend && row && bar()) {
    if (!ticked.size || anchor === null) anchor = row.dataset.id;
    tick(row, true);
    if (next) tick(next, true);
    say();
  }
  focus(next);
}

document.addEventListener("click", (event) => {
  const box = event.target.closest?.(".list [name=issue]");
  if (!box) return;
  const row = box.closest("tr");
  if (event.shiftKey && anchor !== null) return tickRange(row, box.checked);
  tick(row, box.checked);
  anchor = row.dataset.id;
  say();
});
document.addEventListener("change", (event) => {
  if (event.target.id === "box-of-page") {
    for (const row of rows()) tick(row, event.target.checked);
    say();
  }
});
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("#clear-selection") || frozen()) return;
  event.preventDefault();
  clear();
});

// Changing

let changing = false; // whether a change of the viewer's own is under way

/** One change to what is selected, or to one row; then the rows are shown as they are. */
async function change(fields, row = null) {
  const chosen = row ? { issue: row.dataset.id } : { issue: [...ticked].join(","), shown: [...unticked].join(","), selection: frozen()?.value ?? "" };
  const here = row ? [row] : rows().filter((one) => boxOf(one).checked);
  changing = true;
  if (await send(fields, chosen)) {
    await refresh(here.map((one) => one.dataset.id), { own: true });
    await check();
  }
  changing = false;
}

function choose(field) {
  const row = size() > 0 ? null : focused();
  if (!bar() || (!row && size() === 0)) return false;
  if (row) chooseAt(field, (fields) => change(fields, row), linkOf(row));
  else chooseAt(field, change);
}

onButton(change);
document.addEventListener("submit", async (event) => {
  const { submitter, target } = event;
  if (target.id !== "bulk" || !submitter || !("plain" in submitter.dataset)) return;
  event.preventDefault();
  // The page's rows are not needed for "Select all", and may be too many for a form.
  const body = new FormData();
  for (const name of ["csrfmiddlewaretoken", "query", "sort"]) body.set(name, target.elements[name].value);
  body.set("do", submitter.value);
  const response = await fetch(submitter.formAction, { method: "POST", body }).catch(() => null);
  if (response?.ok) location.assign(response.url);
  else toast(`Nothing was selected. ${await reason(response)}`);
});

// What others change

const arrived = new Set(); // ids of new issues that belong here and are not shown yet
let manyChanged = false; // whether more was changed than can be named, so that others may belong here, too

/** Bring rows up to date. `own`: the viewer did it, and what is deleted goes; `created`: the ids that are new. */
async function refresh(ids, { own = false, created = new Set() } = {}) {
  const wanted = ids.map(String).filter((id) => rowOf(id) || created.has(id) || arrived.has(id));
  for (let n = 0; n < wanted.length; n += AT_ONCE) await renew(wanted.slice(n, n + AT_ONCE), own, created);
  tellArrived();
  say();
}

async function renew(ids, own, created) {
  const asked = location.search;
  const query = new URLSearchParams(asked);
  for (const name of ["did", "after", "sort", "selection"]) query.delete(name);
  query.set("id", ids.join(","));
  const response = await fetch(`/list/changes?${query}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok) return;
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("changes");
  if (location.search !== asked) return renew(ids, own, created); // by another filter, which may show what that one does not
  for (const id of ids) {
    const old = rowOf(id), row = fresh.querySelector(`tr[data-id="${id}"]`);
    if (old && row) replace(old, row);
    else if (old && own) remove(old);
    else if (old) { tick(old, false); boxOf(old).disabled = true; mark(old, "Deleted"); }
    else if (row && created.has(id) && !row.hasAttribute("data-left")) arrived.add(id);
    else if (!row || row.hasAttribute("data-left")) arrived.delete(id);
  }
  const total = document.getElementById("total");
  if (total.textContent !== fresh.dataset.words) total.textContent = fresh.dataset.words;
}

function replace(old, row) {
  const hadFocus = old.contains(document.activeElement);
  const [was, box] = [boxOf(old), boxOf(row)];
  box.defaultChecked = was.defaultChecked;
  box.checked = was.checked;
  box.tabIndex = was.tabIndex;
  linkOf(row).tabIndex = linkOf(old).tabIndex;
  old.replaceWith(row);
  if (row.hasAttribute("data-left")) mark(row, "No longer in this view");
  fillAges(row);
  if (hadFocus) linkOf(row).focus({ preventScroll: true });
}

function remove(row) {
  const hadFocus = row.contains(document.activeElement), wasStop = linkOf(row).tabIndex === 0;
  const next = row.nextElementSibling?.dataset.id ? row.nextElementSibling : row.previousElementSibling;
  tick(row, false);
  row.remove();
  removed = true;
  if (!next?.dataset.id) return;
  if (hadFocus) focus(next);
  else if (wasStop) linkOf(next).tabIndex = 0;
}

/** A row that does not belong here any more stays where it is, so that nothing moves under a pointer, and says so. */
function mark(row, words) {
  row.setAttribute("data-left", "");
  const note = row.querySelector(".left") ?? document.createElement("span");
  note.className = "left";
  note.textContent = words;
  linkOf(row).after(note);
}

function tellArrived() {
  for (const id of arrived) if (rowOf(id)) arrived.delete(id);
  const place = document.getElementById("arrived");
  const news = arrived.size ? `${arrived.size} new issue${arrived.size === 1 ? "" : "s"}. ` : "";
  const words = manyChanged ? "Many issues were changed. " : news;
  if (place.firstChild?.data === words || (!words && !place.firstChild)) return;
  place.replaceChildren();
  if (!words) return;
  const show = document.createElement("button");
  Object.assign(show, { type: "button", className: "link", textContent: "Show" });
  show.addEventListener("click", async () => {
    await reload();
    focus(rows()[0]);
  });
  place.append(words, show);
}

/** The list from its beginning, as it is now. */
async function reload() {
  manyChanged = false;
  await loadHtmx();
  const here = new URLSearchParams(location.search);
  for (const name of ["after", "did"]) here.delete(name);
  return window.htmx.ajax("GET", `/list${here.size ? `?${here}` : ""}`, { target: "#list", swap: "outerHTML" });
}

let undone = false; // whether the viewer took something back just now
onChange((changes) => {
  const own = undone;
  undone = false;
  if (!changes) {
    manyChanged ||= !own && !changing;
    return refresh([...rows().map(({ dataset }) => dataset.id), ...arrived], { own });
  }
  const created = new Set(changes.filter(({ kinds }) => kinds.includes("created") || kinds.includes("restored")).map(({ id }) => String(id)));
  return refresh(changes.map(({ id }) => id), { own, created });
});
document.addEventListener("undone", () => {
  undone = true;
  if (!removed) return;
  removed = false;
  reload();
});

// Columns

document.getElementById("columns")?.addEventListener("change", (event) => {
  const form = event.currentTarget;
  for (const box of form.querySelectorAll("[name=column]")) table()?.classList.toggle(`no-${box.value}`, !box.checked);
  table()?.classList.toggle("compact", form.querySelector("[name=rows]").checked);
  post(form.getAttribute("action"), new FormData(form)).catch(() => {});
});

// Keys

const here = (event) => table() !== null && !isMenuOpen() && !event.target.closest?.("details[open] .menu");
const group = "Board, list";
const inRow = () => focused() !== null;
bind({ keys: "j", label: "Next", group, when: here, run: () => step(1) });
bind({ keys: "k", label: "Previous", group, when: here, run: () => step(-1) });
bind({ keys: "ArrowDown", label: "Next", group, when: inRow, run: () => step(1) });
bind({ keys: "ArrowUp", label: "Previous", group, when: inRow, run: () => step(-1) });
bind({ keys: ["Shift+j", "Shift+ArrowDown"], label: "Select downwards", group, when: here, run: () => step(1, true) });
bind({ keys: ["Shift+k", "Shift+ArrowUp"], label: "Select upwards", group, when: here, run: () => step(-1, true) });
bind({ keys: "x", label: "Select", group, when: here, run: () => {
  const row = focused();
  if (!row || !bar()) return false;
  tick(row, !boxOf(row).checked);
  anchor = row.dataset.id;
  say();
} });
bind({ keys: "Shift+x", label: "Select a range", group, when: here, run: () => {
  const row = focused();
  if (!row || !bar()) return false;
  tickRange(row);
} });
for (const [key, field] of [["s", "status"], ["p", "priority"], ["o", "owner"], ["t", "tags"]])
  bind({ keys: key, label: LABELS[field], group, writes: true, when: here, run: () => choose(field) });
bind({ keys: "Escape", label: "Clear selection", group, when: () => size() > 0, run: clear });

document.body.addEventListener("htmx:afterSwap", () => { prepare(); tellArrived(); });
// htmx settles classes after the swap: the bar came without the one that shows it, though nothing that is selected may be here.
document.body.addEventListener("htmx:afterSettle", say);
document.body.addEventListener("htmx:pushedIntoHistory", () => { arrived.clear(); manyChanged = false; tellArrived(); });
prepare();
