// The new-issue page with script on: a draft in the browser, similar issues, a preview in place, files by drop and paste,
// and an upload one sees. Whatever goes wrong, text and files stay.

import { carries, named, put } from "./attach.js";
import { sizeInWords } from "./limit.js";
import "./mentions.js";
import { post, reason, reasonOf } from "./post.js";

const EVERY = 5000; // milliseconds between two savings of the draft
const PAUSE = 400; // milliseconds without a key before similar issues are asked for
const FIELDS = ["title", "description", "status", "priority", "owner", "tags"];

const form = document.getElementById("new");
const key = `new:${form.dataset.viewer}`; // two people at one browser have a draft each
const at = (id) => document.getElementById(id);
const { title, description, files, tags } = form.elements;
const typed = () => JSON.stringify(Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value])));
// What the server wrote: the browser may have put in again what stood here before a reload or "Back".
const given = ({ defaultValue, options }) => defaultValue ?? ([...options].find((one) => one.defaultSelected) ?? options[0]).value;
const blank = JSON.stringify(Object.fromEntries(FIELDS.map((name) => [name, given(form.elements[name])])));

// The draft

let saved = blank, savedAt = 0;
let created = Boolean(history.state?.created); // what is typed here is an issue

function save() {
  const now = typed();
  if (created || now === saved) return sayWhen();
  try {
    if (now === blank) localStorage.removeItem(key);
    else localStorage.setItem(key, now);
    saved = now;
    savedAt = now === blank ? 0 : Date.now();
  } catch {
    // a full store: the text is still in its fields
  }
  sayWhen();
}

function sayWhen() {
  const ago = Math.round((Date.now() - savedAt) / 1000);
  at("draft").textContent = savedAt ? `Draft saved ${ago < 5 ? "just now" : ago < 60 ? `${ago} s ago` : `${Math.floor(ago / 60)} min ago`}` : "";
  at("discard").hidden = !savedAt;
}

/** Give the fields these values; who listens to them (an editor, say) hears of it. */
function fill(values) {
  for (const name of FIELDS) {
    if (typeof values[name] !== "string") continue;
    form.elements[name].value = values[name];
    form.elements[name].dispatchEvent(new Event("input", { bubbles: true }));
  }
}

function restore() {
  let draft = null;
  try {
    draft = JSON.parse(localStorage.getItem(key));
  } catch {
    // not ours
  }
  // What the server answered with (an error, a preview) or what the palette was asked for is newer.
  if (!draft || form.querySelector("[aria-invalid=true]") || title.value || description.value) return;
  fill(draft);
  saved = typed();
  savedAt = Date.now();
  sayWhen();
  at("draft").textContent = "Draft restored";
}

at("discard").addEventListener("click", () => {
  localStorage.removeItem(key);
  fill(JSON.parse(blank));
  put(files, []);
  show();
  saved = blank;
  savedAt = 0;
  sayWhen();
  title.focus();
});
// "Back" to what became an issue is the beginning of another: sent again, it would be a second one.
addEventListener("pageshow", () => {
  if (!created) return;
  history.replaceState(null, ""); // it would outlive the replacing by the same address
  location.replace(form.action);
});
setInterval(save, EVERY);
addEventListener("pagehide", save);
document.addEventListener("visibilitychange", save);

// Similar issues, while the title is typed

let pause, asked = title.value;

title.addEventListener("input", () => {
  clearTimeout(pause);
  pause = setTimeout(findSimilar, PAUSE);
});

async function findSimilar() {
  const words = title.value.trim();
  if (words === asked) return;
  asked = words;
  const response = await fetch(`/new/similar?${new URLSearchParams({ title: words })}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok) return;
  const html = await response.text();
  if (words === asked && at("similar").innerHTML !== html) at("similar").innerHTML = html;
}

// A title is one line: Enter goes on to the description.
title.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.ctrlKey || event.metaKey || event.isComposing) return;
  event.preventDefault();
  description.focus();
});
// It grows with its text where the browser does not do that by itself.
if (!CSS.supports("field-sizing", "content"))
  title.addEventListener("input", () => { title.rows = 1; while (title.scrollHeight > title.clientHeight && title.rows < 6) title.rows += 1; });

// Tags after a comma: the browser offers whole values, so what stands before comes along.
const known = [...at("known-tags").options].map((option) => option.value);
tags.addEventListener("input", () => {
  const before = tags.value.slice(0, tags.value.lastIndexOf(",") + 1);
  const has = before.split(",").map((tag) => tag.trim());
  at("known-tags").replaceChildren(...known.filter((tag) => !has.includes(tag)).map((tag) => new Option("", before ? `${before} ${tag}` : tag)));
});

// Preview: in the place of the text, and back

async function preview() {
  const drawn = at("drawn"), field = description.closest(".field");
  const on = drawn.hidden;
  if (on) {
    const fields = new FormData(form);
    fields.delete("files");
    fields.set("do", "preview");
    const response = await post(form.action, fields).catch(() => null);
    if (response?.status === 422) return complain(await response.text());
    if (!response?.ok) return fail(`The preview was not made. ${await reason(response)}`);
    drawn.innerHTML = (await response.text()) || "Nothing to preview.";
  }
  at("failed").hidden = true;
  at("preview").textContent = on ? "Write" : "Preview";
  drawn.hidden = !on;
  field.hidden = on;
  (on ? drawn : description).focus();
}

// Files: what is chosen is listed, and each can be taken out again

let chosen = []; // choosing anew adds; the input itself would forget the others

function add(more) {
  put(files, [...chosen, ...more]);
  show();
}

function show() {
  chosen = [...files.files];
  at("chosen").hidden = !chosen.length;
  at("chosen").replaceChildren(...chosen.map((file, n) => {
    const item = document.createElement("li");
    item.innerHTML = '<svg class="i" aria-hidden="true"><use href="#i-file-text"/></svg><span class="cut"></span><span class="size num"></span><button class="btn ghost sm icon" type="button"><svg class="i" aria-hidden="true"><use href="#i-x"/></svg></button>';
    const [, name, size, out] = item.children;
    name.textContent = file.name;
    size.textContent = sizeInWords(file.size);
    out.ariaLabel = `Take out ${file.name}`;
    out.addEventListener("click", () => { put(files, chosen.filter((_, other) => other !== n)); show(); files.focus(); });
    return item;
  }));
}

files.addEventListener("change", () => add(files.files));
document.addEventListener("paste", (event) => {
  const pasted = [...(event.clipboardData?.files ?? [])];
  if (!pasted.length) return;
  event.preventDefault();
  add(pasted.map(named));
});
document.addEventListener("dragover", (event) => {
  if (!carries(event)) return;
  event.preventDefault();
  form.classList.add("over");
});
document.addEventListener("dragleave", (event) => { if (!event.relatedTarget) form.classList.remove("over"); });
document.addEventListener("drop", (event) => {
  form.classList.remove("over");
  if (!carries(event)) return;
  event.preventDefault();
  add(event.dataTransfer.files);
});

// Creating

form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter === at("preview")) preview();
  else if (form.ariaBusy !== "true") create();
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  form.requestSubmit();
});

function create() {
  const request = new XMLHttpRequest(), button = at("create"), bar = at("progress");
  save();
  at("failed").hidden = true;
  form.ariaBusy = button.ariaBusy = "true";
  request.open("POST", form.action);
  request.setRequestHeader("HX-Request", "true");
  request.upload.addEventListener("progress", ({ loaded, total }) => {
    bar.hidden = chosen.length === 0;
    bar.value = loaded / total;
  });
  request.addEventListener("loadend", () => {
    form.ariaBusy = button.ariaBusy = "false";
    bar.hidden = true;
    if (request.status === 201) {
      created = true;
      history.replaceState({ created }, "");
      localStorage.removeItem(key);
      location.assign(request.getResponseHeader("Location"));
    } else if (request.responseText.includes('id="new"')) complain(request.responseText);
    else fail(`The issue was not created. ${reasonOf(request)}`);
  });
  request.send(new FormData(form));
}

function fail(words) {
  at("failed").textContent = `${words} Your text is still here.`;
  at("failed").hidden = false;
  at("failed").scrollIntoView({ block: "nearest" });
}

/** The messages of a refused form, each put at its field; the fields themselves stay as they are. */
function complain(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById("new");
  for (const name of [...FIELDS, "files"]) {
    const [field, now] = [form.elements[name], fresh.elements[name]];
    for (const attribute of ["aria-invalid", "aria-describedby"])
      if (now.hasAttribute(attribute)) field.setAttribute(attribute, now.getAttribute(attribute));
      else field.removeAttribute(attribute);
    const [place, source] = [field, now].map((one) => one.closest(".field"));
    const messages = ":scope > :is(.err, .hint)";
    for (const old of place.querySelectorAll(messages)) old.remove();
    (field.closest(".drop, .blocks") ?? field).after(...source.querySelectorAll(messages));
  }
  if (!at("drawn").hidden) preview();
  const first = form.querySelector("[aria-invalid=true]");
  first?.focus();
  first?.closest(".field").querySelector(":scope > .err")?.scrollIntoView({ block: "nearest" }); // below a long text it would not be seen
}

save();
restore();
show();
if (title.value.trim() !== asked) findSimilar();
