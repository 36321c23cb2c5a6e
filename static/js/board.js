// The board with script on: cards move at once by drag, key or menu, the server confirms, a toast offers Undo.

import { fillAges } from "./app.js";
import { toast } from "./toast.js";

const ORDER = ["open", "in_progress", "resolved", "rejected"];
const board = () => document.querySelector("#columns");
const columnOf = (status) => document.querySelector(`.col[data-status="${status}"]`);
const cardOf = (reference) => document.getElementById(reference);

function count(status, by) {
  const place = columnOf(status)?.querySelector("[data-count]");
  if (place) place.textContent = Number(place.textContent) + by;
}

function announceTotal() {
  const total = Number(board().dataset.total);
  document.getElementById("total").textContent = `${total} issue${total === 1 ? "" : "s"}`;
}

/** Move a card to a column now, ask the server, and put it back where it was if the server refuses. */
async function move(card, status, extra = {}, before = null) {
  const reference = card.dataset.reference, from = card.dataset.status;
  if (status === from && !extra.version) return;
  const home = before ?? { list: card.parentElement, next: card.nextElementSibling };
  const hadFocus = card.contains(document.activeElement);
  const list = columnOf(status)?.querySelector("ol");
  if (list && card.parentElement !== list) list.prepend(card);
  if (hadFocus) card.querySelector("h3 a").focus();
  const body = new FormData(document.getElementById("move"));
  body.set("status", status);
  for (const [name, value] of Object.entries(extra)) body.set(name, value);
  let response;
  try {
    response = await fetch(`/${reference}/status`, { method: "POST", body, headers: { "HX-Request": "true" } });
  } catch {
    response = null;
  }
  if (!response?.ok) {
    home.list.insertBefore(card, home.next);
    const words = response && response.headers.get("Content-Type")?.startsWith("text/plain") ? await response.text() : "The server did not answer.";
    toast(`${reference} was not moved. ${words}`, { action: { label: "Try again", run: () => move(card, status) } });
    return;
  }
  const fresh = new DOMParser().parseFromString(await response.text(), "text/html").querySelector(".card");
  const focused = card.contains(document.activeElement);
  card.replaceWith(fresh);
  fillAges(fresh);
  if (focused) fresh.querySelector("h3 a").focus();
  count(from, -1);
  count(status, +1);
  const said = JSON.parse(response.headers.get("HX-Trigger") ?? "{}").toast;
  if (said) toast(said.text, { action: { label: "Undo", run: () => undo(reference, said.undo) } });
}

/** Put the earlier status back, unless the issue was changed since: then say so. */
function undo(reference, { status, version }) {
  const card = cardOf(reference);
  if (card) move(card, status || "open", { version });
}

function makeSortable() {
  if (!window.Sortable) return;
  for (const list of document.querySelectorAll(".col > ol")) {
    if (list.dataset.sortable) continue;
    list.dataset.sortable = "1";
    window.Sortable.create(list, {
      group: "board",
      sort: false,
      delay: 150,
      delayOnTouchOnly: true,
      filter: ".move",
      preventOnFilter: false,
      onMove: ({ to }) => {
        for (const column of document.querySelectorAll(".col")) column.classList.toggle("drop", column.contains(to));
      },
      onEnd: ({ item, from, to, oldIndex }) => {
        for (const column of document.querySelectorAll(".col")) column.classList.remove("drop");
        if (from === to) return;
        move(item, to.closest(".col").dataset.status, {}, { list: from, next: from.children[oldIndex] ?? null });
      },
    });
  }
}

/** One tab stop on the board; arrows and letters inside. */
function focusCard(card) {
  if (!card) return;
  for (const link of document.querySelectorAll(".card h3 a[tabindex='0']")) link.tabIndex = -1;
  const link = card.querySelector("h3 a");
  link.tabIndex = 0;
  link.focus();
  card.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function rove() {
  const links = document.querySelectorAll(".card h3 a");
  links.forEach((link, n) => { link.tabIndex = n === 0 ? 0 : -1; });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select")) return;
  const card = event.target.closest(".card");
  const columns = ORDER.map(columnOf).filter(Boolean);
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (!card) {
    if (key === "j" || key === "k") focusCard(document.querySelector(".card"));
    return;
  }
  const at = columns.indexOf(card.closest(".col"));
  if (event.shiftKey && (key === "ArrowLeft" || key === "ArrowRight")) {
    const target = columns[at + (key === "ArrowLeft" ? -1 : 1)];
    event.preventDefault();
    if (target) move(card, target.dataset.status);
  } else if (key === "j" || key === "ArrowDown") { event.preventDefault(); focusCard(card.nextElementSibling); }
  else if (key === "k" || key === "ArrowUp") { event.preventDefault(); focusCard(card.previousElementSibling); }
  else if (key === "h" || key === "l" || key === "ArrowLeft" || key === "ArrowRight") {
    event.preventDefault();
    const step = key === "h" || key === "ArrowLeft" ? -1 : 1;
    for (let n = at + step; columns[n]; n += step) {
      const next = columns[n].querySelector(".card");
      if (next) { focusCard(next); break; }
    }
  } else if (key === "s") {
    event.preventDefault();
    const menu = card.querySelector(".move");
    menu.open = true;
    menu.querySelector("button").focus();
  }
});

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest(".move .menu");
  if (!menu || !["ArrowDown", "ArrowUp"].includes(event.key)) return;
  event.preventDefault();
  event.stopPropagation();
  const buttons = [...menu.querySelectorAll("button")];
  const n = buttons.indexOf(document.activeElement) + (event.key === "ArrowDown" ? 1 : -1);
  buttons[(n + buttons.length) % buttons.length].focus();
}, true);

document.addEventListener("submit", (event) => {
  if (event.target.id !== "move" || !event.submitter) return;
  event.preventDefault();
  const card = event.submitter.closest(".card");
  card.querySelector(".move").open = false;
  card.querySelector("h3 a").focus();
  move(card, event.submitter.value);
});

document.body.addEventListener("htmx:afterSwap", () => {
  for (const more of document.querySelectorAll("[data-append]")) {
    more.parentElement.querySelector("ol:not([data-append])").append(...more.children);
    more.remove();
  }
  makeSortable();
  fillAges(board());
  announceTotal();
  if (!document.querySelector(".card h3 a[tabindex='0']")) rove();
});

addEventListener("load", makeSortable);
rove();
