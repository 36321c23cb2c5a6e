// A session with script on: title, words and star change in their place.

import { fillAges } from "./ages.js";
import { forget, restore } from "./keep.js";
import { bind } from "./keys.js";
import "./lightbox.js";
import { onChange } from "./live.js";
import { post, reason } from "./post.js";
import "./reading.js";
import { toast } from "./toast.js";

const about = () => document.getElementById("about");

/** Put the answer where it belongs: the whole of what can be edited, or a form under the title. */
function put(html) {
  const fresh = document.createRange().createContextualFragment(html);
  const whole = fresh.getElementById("about");
  if (whole) about().replaceWith(whole);
  else {
    about().querySelector(".text").replaceChildren(fresh);
    restore(about());
  }
  fillAges(about());
  return whole;
}

async function get(address) {
  const response = await fetch(address, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok) return toast(await reason(response));
  return put(await response.text());
}

async function edit(link) {
  await get(link.href);
  about().querySelector("[autofocus]")?.focus();
}

async function leave() {
  await get(about().dataset.about);
  about().querySelector("[data-edit-here]").focus();
}

async function send(form) {
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  const response = await post(form.action, new FormData(form)).catch(() => null);
  form.ariaBusy = "false";
  const isPage = response?.headers.get("Vary")?.includes("HX-Request") && response.status < 500;
  if (!isPage) return toast(`Nothing was saved. ${await reason(response)}`);
  if (response.ok) forget(form);
  const isStar = form.querySelector(".star") !== null;
  put(await response.text());
  const next = about().querySelector(isStar ? ".star" : response.ok ? "[data-edit-here]" : "[role=alert] ~ .field .input");
  next?.focus();
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.button || !about()) return;
  const link = event.target.closest("[data-edit-here]");
  const cancel = event.target.closest("#about [data-cancel]");
  if (!link && !cancel) return;
  event.preventDefault();
  if (link) edit(link);
  else leave();
});
document.addEventListener("submit", (event) => {
  if (!about() || !event.target.matches("form[data-here]")) return;
  event.preventDefault();
  send(event.target);
});

// What others change: of the session, of the issues on this page, and new issues, which may have come out of it.

const PARTS = ["about", "recorded", "files", "issues"];
const isBusy = (part) => part.querySelector("form[data-here] .field") || [...part.querySelectorAll("input[type=file]")].some((field) => field.files.length);

async function refresh() {
  const response = await fetch(location.href).catch(() => null);
  if (!response?.ok) return;
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  for (const id of PARTS) {
    const part = document.getElementById(id), fresh = page.getElementById(id);
    if (!part || !fresh || isBusy(part)) continue;
    const focused = part.contains(document.activeElement) ? [...part.querySelectorAll("a, button, input")].indexOf(document.activeElement) : -1;
    part.replaceWith(document.adoptNode(fresh));
    fillAges(fresh);
    if (focused >= 0) fresh.querySelectorAll("a, button, input")[focused]?.focus({ preventScroll: true });
  }
}

onChange(async (changes) => {
  const shown = new Set([...document.querySelectorAll("#issues .ref")].map((one) => one.textContent));
  if (!about()) return;
  if (!changes || changes.some(({ reference, kinds }) => shown.has(reference) || kinds.includes("session_changed") || kinds.includes("created"))) await refresh();
});

const opener = () => about()?.querySelector("[data-edit-here]");
bind({ keys: "e", label: "Edit the session", group: "Session", when: () => Boolean(opener()), run: () => edit(opener()) });
bind({ keys: "Escape", label: "Leave the form", group: "Session", when: (event) => Boolean(event.target.closest?.("#about form[data-here] .field")), run: leave });
restore(document);
