// The issue page with script on: properties by menus, texts edited in place, comments sent without leaving the page, and
// what others do merged in without moving what is read or typed. Every answer of the server is the inside of the page.

import { fillAges } from "./ages.js";
import { showChosen } from "./attach.js";
import { startEditors } from "./editing.js";
import { forget, restore } from "./keep.js";
import { bind } from "./keys.js";
import { onChange } from "./live.js";
import "./figure.js";
import "./lightbox.js";
import "./reading.js";
import { mention } from "./mentions.js";
import { openMenu } from "./menu.js";
import { reasonOf, why } from "./post.js";
import { toast } from "./toast.js";

const page = document.getElementById("issue");
const REGIONS = ["head", "notice", "title", "by", "description", "reactions", "properties", "evidence", "plans", "sessions", "shows"];
const OPTIONS = {
  status: [["open", "Open", "i-st-open"], ["in_progress", "In progress", "i-st-prog"], ["resolved", "Resolved", "i-st-done"], ["rejected", "Rejected", "i-st-rej"], ["", "No status", "i-st-none"]],
  priority: [["high", "High", "i-p-high"], ["medium", "Medium", "i-p-medium"], ["low", "Low", "i-p-low"], ["", "No priority", "i-p-none"]],
};
const LABELS = { status: "Status", priority: "Priority", owner: "Owner", tags: "Tags" };
const info = () => page.querySelector(".issue").dataset;
let held = []; // entries of others that wait behind "1 new comment"

// Asking

/** Send a form, or ask for a page, as script: {status, html, plain, why}; status 0 when the server does not answer. */
function ask(url, { body = null, progress = null } = {}) {
  return new Promise((answer) => {
    const request = new XMLHttpRequest();
    request.open(body ? "POST" : "GET", url);
    request.setRequestHeader("HX-Request", "true");
    request.setRequestHeader("HX-Target", "issue");
    if (progress) request.upload.addEventListener("progress", ({ loaded, total }) => { progress.hidden = false; progress.value = loaded / total; });
    request.addEventListener("loadend", () => {
      if (progress) progress.hidden = true;
      const said = request.getResponseHeader("HX-Trigger");
      if (said?.startsWith("{")) for (const [name, detail] of Object.entries(JSON.parse(said))) document.body.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
      const signedOut = new URL(request.responseURL || url, location).pathname === "/signin";
      const plain = request.getResponseHeader("Content-Type")?.startsWith("text/plain");
      const status = signedOut ? 401 : request.status;
      answer({ status, html: request.responseText, plain, why: signedOut ? why(status) : reasonOf(request) });
    });
    request.send(body);
  });
}

function parsed(html) {
  const root = document.createElement("div");
  root.append(document.createRange().createContextualFragment(html));
  return root;
}

function token() {
  return document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
}

/** Say at the form why nothing was saved; the text stays in it. */
function complain(form, { status, html, plain, why }) {
  const words = (!plain && parsed(html).querySelector(".err")?.textContent.trim()) || why;
  if (!form) return toast(`Nothing was changed. ${words}`);
  form.querySelector(".err.sent")?.remove();
  const line = document.createElement("p");
  line.className = "err sent";
  line.role = "alert";
  const kept = form.querySelector("textarea") ? " Your text is still here." : "";
  line.textContent = plain || [409, 413, 422, 503, 507].includes(status) ? words : `Nothing was saved. ${words}${kept}`;
  (form.querySelector("footer") ?? form).prepend(line);
  form.querySelector("textarea, input:not([type=hidden])")?.focus();
}

// Merging

/** What a region says, without what differs from request to request or from moment to moment. */
function canon(element) {
  const copy = element.cloneNode(true);
  for (const one of copy.querySelectorAll("input[name=csrfmiddlewaretoken], input[name=next], #place, .err.sent")) one.remove();
  for (const time of copy.querySelectorAll("time")) { time.textContent = ""; time.removeAttribute("title"); }
  for (const one of [copy, ...copy.querySelectorAll("*")]) for (const name of ["open", "hidden", "data-typed", "data-bound"]) one.removeAttribute(name);
  return copy.outerHTML.replace(/\s+/g, " ");
}

/** Whether somebody is at work in there. */
function isBusy(element) {
  if (element.querySelector("form[data-field], [data-kept]")) return true;
  const typed = [...element.querySelectorAll("textarea, input:not([type=hidden], [type=file])")];
  return typed.some((field) => field === document.activeElement || (field.value && field.value !== field.defaultValue));
}

/** Where the focus is, in words that find its place in the new version. */
function focusIn(element) {
  const active = document.activeElement;
  if (!element.contains(active)) return null;
  const named = active.closest("[data-menu], [data-edit], [id]");
  if (active.dataset.menu) return `[data-menu="${active.dataset.menu}"]`;
  if (active.dataset.edit) return `[data-edit="${active.dataset.edit}"]`;
  if (active.name && active.value) return `[value="${CSS.escape(active.value)}"]`;
  return named?.id ? `#${CSS.escape(named.id)}` : "a, button, summary";
}

function replace(old, fresh) {
  const focus = focusIn(old);
  const place = old.querySelector("#place");
  if (place && !fresh.querySelector("#place")) fresh.querySelector(".grow")?.after(place);
  old.replaceWith(fresh);
  dress(fresh);
  if (!focus) return;
  // What had the focus may be gone, or in a menu that is closed now.
  const same = fresh.querySelector(focus);
  const places = [same, same?.closest("details")?.querySelector("summary"), fresh.querySelector("[data-next]"), ...fresh.querySelectorAll("a, button, summary, textarea")];
  const next = places.find((place) => place?.checkVisibility());
  if (next) next.focus({ preventScroll: true });
  else { fresh.tabIndex = -1; fresh.focus({ preventScroll: true }); }
}

/** Bring the page to what the server says. `own`: the viewer did it; `mine`: the region to replace whatever is in it. */
function merge(html, { own = false, mine = null, actor = "" } = {}) {
  const root = parsed(html);
  const fresh = root.querySelector(".issue");
  if (!fresh) return;
  dress(root);
  for (const id of REGIONS) {
    const old = document.getElementById(id), now = root.querySelector(`#${id}`);
    if (!old || !now || (!old.contains(mine) && canon(old) === canon(now))) continue;
    if (!old.contains(mine) && isBusy(old)) { tellBusy(old, id, actor); continue; }
    replace(old, now);
  }
  const pill = root.querySelector("#status-pill");
  if (pill) document.getElementById("status-pill")?.replaceWith(pill);
  Object.assign(info(), fresh.dataset);
  if (!fresh.hasAttribute("data-writes")) delete info().writes;
  const say = document.getElementById("say"), nowSay = root.querySelector("#say");
  if (!say && nowSay) { document.getElementById("news").after(nowSay); restore(nowSay); }
  else if (say && !nowSay && !isBusy(say)) say.remove();
  mergeThread(root.querySelector("#thread"), own, mine);
}

function mergeThread(fresh, own, mine) {
  const thread = document.getElementById("thread");
  const entries = [...fresh.children];
  const first = Number(entries[0]?.dataset.event ?? Infinity);
  const ids = new Set(entries.map((entry) => entry.id));
  for (const old of [...thread.children]) if (!ids.has(old.id) && Number(old.dataset.event) >= first && !isBusy(old)) old.remove();
  if (own) held = [];
  const news = [];
  let last = null;
  for (const entry of entries) {
    const old = document.getElementById(entry.id);
    if (old && thread.contains(old)) {
      last = old;
      if (canon(old) !== canon(entry) && (old.contains(mine) || !isBusy(old))) { replace(old, entry); last = entry; }
    } else if (own) {
      if (last) last.after(entry);
      else thread.prepend(entry);
      dress(entry);
      last = entry;
    } else news.push(entry);
  }
  held = own ? [] : news;
  tellNews();
}

/** Somebody changed what the viewer is editing. */
function tellBusy(region, id, actor) {
  region.querySelector(".changed-notice")?.remove();
  const note = document.createElement("p");
  note.className = "callout st-open changed-notice";
  note.role = "status";
  note.append(`${actor || "Somebody"} changed this while you are editing. Yours is kept; saving shows both. `);
  const see = document.createElement("a");
  Object.assign(see, { className: "link", href: id === "description" ? `/${info().reference}/history` : `/${info().reference}?show=changes#activity`, target: "_blank", textContent: "See what changed" });
  note.append(see);
  // The header is a row of buttons: what is typed there stands in a menu, and the note with it.
  (id === "head" ? [...region.querySelectorAll("form")].find(isBusy) : region).prepend(note);
}

/** "1 new comment" at the end of the thread: nothing is pushed until it is asked for. */
function tellNews() {
  const place = document.getElementById("news");
  if (!held.length) return place.replaceChildren();
  const comments = held.filter((entry) => entry.matches(".said")).length;
  const changes = held.length - comments;
  const count = (n, one) => (n ? [`${n} new ${one}${n === 1 ? "" : "s"}`] : []);
  const words = [...count(comments, "comment"), ...count(changes, "change")].join(", ");
  if (place.textContent === words) return;
  const button = document.createElement("button");
  Object.assign(button, { type: "button", className: "btn sm", textContent: words });
  button.addEventListener("click", () => {
    const [begin] = held;
    document.getElementById("thread").append(...held);
    held.forEach(dress);
    held = [];
    place.replaceChildren();
    begin.tabIndex = -1;
    begin.focus();
  });
  place.replaceChildren(button);
}

async function refresh(options) {
  const { status, html } = await ask(address());
  if (status === 200) merge(html, options);
  else if (status === 404) toast(`${info().reference} was deleted for good.`);
}

function address() {
  const here = new URL(location.href);
  here.searchParams.delete("did");
  here.hash = "";
  return here.pathname + here.search;
}

/** What only script can offer, and ages in words. */
function dress(root) {
  fillAges(root);
  for (const one of root.querySelectorAll("[data-print]")) one.hidden = false;
  for (const field of root.querySelectorAll("[data-without-script] input")) field.disabled = true;
}

// Forms

async function submit(form, submitter) {
  const body = new FormData(form, submitter);
  const isPreview = submitter?.value === "preview";
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  submitter?.setAttribute("aria-busy", "true");
  const answer = await ask(form.action, { body, progress: isPreview ? null : form.querySelector("progress") });
  form.ariaBusy = "false";
  submitter?.removeAttribute("aria-busy");
  const { status, html, plain } = answer;
  if (isPreview && form.id === "composer") {
    if (status !== 200) return complain(form, answer);
    const place = document.getElementById("preview");
    place.innerHTML = html;
    place.hidden = false;
    return;
  }
  const isWhole = !plain && html.includes('id="head"');
  if (status === 200 && isWhole) {
    forget(form);
    if (form.id === "composer" || form.id === "attach") { form.reset(); if (form.id === "composer") { showChosen(form); document.getElementById("preview").hidden = true; } }
    form.querySelector(".err")?.remove();
    const field = form.closest("[data-edits]");
    merge(html, { own: true, mine: form.id === "composer" ? null : field ?? form });
    if (form.isConnected) form.closest("details.move")?.removeAttribute("open");
    if (form.id === "composer") form.querySelector("textarea").focus({ preventScroll: true });
  } else if (!plain && !isWhole && [200, 404, 409, 422].includes(status)) swapForm(form, html);
  else complain(form, answer);
}

/** Put the form that the server answered with (a preview, an error, both versions) where the old one was. */
function swapForm(form, html) {
  const fresh = parsed(html).firstElementChild;
  if (!fresh) return;
  const place = form.closest("[data-edits]") ?? form;
  place.querySelector?.(".changed-notice")?.remove();
  if (form.dataset.field) form.replaceWith(fresh);
  else {
    document.getElementById("notice").replaceChildren(fresh);
    const menu = form.closest("details.decide");
    if (menu) { menu.open = false; form.reset(); } // what was typed there stands in the answer now
  }
  dress(fresh);
  (fresh.querySelector("[autofocus]") ?? place).focus();
  // What is wrong with a long text stands below it.
  startEditors(fresh).then(() => (fresh.querySelector(".err") ?? fresh).scrollIntoView({ block: "nearest" }));
}

/** Open the form of a text in its place. */
async function edit(link) {
  const region = link.closest("li.said")?.querySelector("[data-edits]") ?? link.closest("[data-edits]");
  if (region.querySelector("form[data-field]")) return region.querySelector("textarea").focus();
  for (const menu of document.querySelectorAll("details.move[open]")) menu.open = false;
  const answer = await ask(link.href), { status, html } = answer;
  if (status !== 200) return complain(null, answer);
  const back = document.createElement("template");
  back.content.append(...region.childNodes);
  const form = parsed(html).firstElementChild;
  region.append(back, form);
  restore(region);
  startEditors(region);
  const field = form.querySelector("[autofocus]");
  field.focus();
  field.setSelectionRange?.(field.value.length, field.value.length);
}

/** Leave a form without saving; what was typed stays as a draft unless theirs was chosen. */
function leave(form) {
  const region = form.closest("[data-edits], dd, #notice");
  const back = region.querySelector("template");
  if (back) {
    region.replaceChildren(...back.content.childNodes);
    const opener = region.querySelector("[data-edit]") ?? region.closest("li")?.querySelector("summary");
    opener?.focus();
  } else region.replaceChildren();
  refresh({ own: true, mine: region });
}

// Properties

async function choose(anchor) {
  const { menu: kind, now, was } = anchor.dataset;
  const several = kind === "tags";
  anchor.focus(); // where the menu gives the focus back to
  await openMenu(anchor, {
    items: OPTIONS[kind]?.map(([value, label, icon]) => ({ value, label, icon })),
    url: OPTIONS[kind] ? undefined : `/${info().reference}/${kind}/choices`,
    value: several ? JSON.parse(now) : now,
    label: LABELS[kind],
    multiple: several,
    create: several,
    filter: kind === "owner" || several || undefined,
    onPick: (picked) => pick(kind, picked, was),
  });
}

async function pick(kind, picked, was) {
  const decide = kind === "status" ? document.getElementById(`decide-${picked}`) : null;
  if (decide) return openDecision(decide);
  const body = new FormData();
  body.append("csrfmiddlewaretoken", token());
  body.append("was", was);
  for (const value of [picked].flat()) body.append(kind, value);
  const answer = await ask(`/${info().reference}/${kind}`, { body });
  const region = document.getElementById(`p-${kind}`);
  if (answer.status === 200) merge(answer.html, { own: true, mine: region });
  else if ([404, 409, 422].includes(answer.status) && !answer.plain) {
    const fresh = parsed(answer.html).firstElementChild;
    document.getElementById("notice").replaceChildren(fresh);
    dress(fresh);
    (fresh.querySelector("[autofocus]") ?? fresh).focus();
  } else complain(null, answer);
}

function openDecision(details) {
  details.open = true;
  details.querySelector("textarea").focus();
}

// Events

document.addEventListener("submit", (event) => {
  if (!page || !page.contains(event.target) || event.target.method !== "post") return;
  event.preventDefault();
  submit(event.target, event.submitter);
});

document.addEventListener("click", (event) => {
  if (!page || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  const at = (selector) => event.target.closest?.(selector);
  const menu = at("[data-menu]"), opener = at("[data-edit]"), cancel = at("[data-cancel]");
  if (menu) { event.preventDefault(); choose(menu); }
  else if (opener) { event.preventDefault(); edit(opener); }
  else if (cancel && page.contains(cancel)) { event.preventDefault(); const form = cancel.closest("form"); if (cancel.hasAttribute("data-theirs")) forget(form); leave(form); }
  else if (at("[data-copy]")) { event.preventDefault(); copy(at("[data-copy]").href); }
  else if (at("[data-print]")) { at("details").open = false; print(); }
  else if (at("[data-mention]")) mention(document.getElementById("content"));
  else if (at("[data-earlier]")) { event.preventDefault(); earlier(at("[data-earlier]").href); }
});

async function copy(link) {
  try {
    await navigator.clipboard.writeText(link);
    toast("Link copied");
  } catch {
    toast(link);
  }
}

async function earlier(href) {
  const { status, html } = await ask(href);
  if (status !== 200) return;
  const root = parsed(html);
  const scroller = document.getElementById("main");
  const thread = document.getElementById("thread");
  const [before, top] = [thread.offsetHeight, scroller.scrollTop];
  dress(root);
  thread.prepend(...root.querySelector("#thread").children);
  scroller.scrollTop = top + thread.offsetHeight - before;
  const more = root.querySelector("#earlier");
  if (more) document.getElementById("earlier").replaceWith(more);
  else document.getElementById("earlier").remove();
  (more?.querySelector("a") ?? thread.firstElementChild).focus?.({ preventScroll: true });
}

// Enter sends a field of one line's kind; Shift+Enter begins a new line.
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.ctrlKey && !event.metaKey && !event.isComposing && event.target.matches?.("textarea[data-enter]")) {
    event.preventDefault();
    event.target.form.requestSubmit(event.target.form.querySelector("button:not([type=button])"));
  }
});
// One of the two decisions is open at a time, its field ready.
document.addEventListener("toggle", ({ target }) => { if (target.matches?.("details.decide[open]")) target.querySelector("textarea").focus(); }, true);

if (page) {
  dress(page);
  restore(page);
  // Files that were chosen before this script came. What a browser gives back on a way back was sent the first time.
  if (performance.getEntriesByType("navigation")[0].type !== "back_forward")
    for (const input of page.querySelectorAll("[data-sends-files] input[type=file]")) input.dispatchEvent(new Event("change", { bubbles: true }));
  const find = (selector) => page.querySelector(selector);
  const press = (keys, label, selector, run = (element) => element.click()) =>
    bind({ keys, label, group: "Issue", writes: "spoter".includes(keys), when: () => find(selector) !== null, run: () => run(find(selector)) });
  press("s", "Status", "[data-menu=status]", choose);
  press("p", "Priority", "[data-menu=priority]", choose);
  press("o", "Owner", "[data-menu=owner]", choose);
  press("t", "Tags", "[data-menu=tags]", choose);
  press("j", "Next issue", "#next");
  press("k", "Previous issue", "#previous");
  press("e", "Edit description", "#description [data-edit]", edit);
  press("c", "Comment", "#content", (field) => { field.scrollIntoView({ block: "center" }); field.focus(); });
  press("r", "Resolve", "#decide-resolved", openDecision);
  bind({ keys: "Escape", label: "Leave the field", group: "Issue", when: (event) => event.target.closest?.("#issue form[data-field]"), run: (event) => leave(event.target.closest("form[data-field]")) });
  let undone = false;
  document.addEventListener("undone", () => { undone = true; });
  onChange(async (changes) => {
    const ours = changes?.filter((change) => change.reference === info().reference && change.version > Number(info().version));
    const own = undone;
    undone = false;
    if (!ours || ours.length) await refresh({ own, actor: ours?.at(-1).actor });
  });
  // The address keeps where one came from, so that a reload and a copied tab keep their place.
  const from = new URL(document.getElementById("next")?.href ?? document.getElementById("previous")?.href ?? location.href).searchParams.get("from");
  const here = new URL(location.href);
  if (from && !here.searchParams.has("from")) { here.searchParams.set("from", from); history.replaceState(history.state, "", here); }
} else restore(document);
