// The filter bar with script on: chips and "Clear filters" act in the bar, menus narrow as one types, addresses stay short.

import { reasonOf } from "./post.js";
import { comeWhenTurnedTo } from "./swap.js";
import { toast } from "./toast.js";

const form = document.getElementById("filter");
const field = form.querySelector("#q");
const mistakes = () => document.getElementById("q-mistakes");

comeWhenTurnedTo("#filter, #chips, .empty, #list", form);

/** What is chosen, as the summaries say it. */
function count() {
  for (const menu of form.querySelectorAll(".filter")) {
    const n = menu.querySelectorAll(":checked").length;
    menu.querySelector("[data-chosen]").textContent = n || "";
  }
}

function changed() {
  count();
  form.dispatchEvent(new Event("change", { bubbles: true }));
}

/** Uncheck what a chip stands for; false if the bar does not show it. */
function uncheck(name, value) {
  if (name === "by") {
    const all = form.querySelector("[name=by][value='']");
    all.checked = true;
    return true;
  }
  const input = [...form.querySelectorAll(`[name="${CSS.escape(name)}"]`)].find((one) => one.value === value);
  if (!input) return false;
  if (input.type === "hidden") input.remove();
  else input.checked = false;
  return true;
}

document.addEventListener("click", (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey) return;
  const chip = event.target.closest("[data-chip]");
  const clear = event.target.closest("[data-clear]");
  if (chip && uncheck(chip.dataset.chip, chip.dataset.value)) {
    event.preventDefault();
    const chips = [...document.querySelectorAll("[data-chip]")];
    refocus = chips.indexOf(chip);
    changed();
  } else if (clear) {
    event.preventDefault();
    field.value = "";
    for (const input of form.querySelectorAll(":checked")) input.checked = false;
    uncheck("by", "");
    for (const input of form.querySelectorAll("input[type=hidden]"))
      if (new URL(clear.href).searchParams.get(input.name) !== input.value) input.remove();
    refocus = -1;
    changed();
  }
});

// Where focus goes once the swap has taken the chip that had it: to the next chip, else to the search field.
let refocus = null;
document.body.addEventListener("htmx:afterSwap", () => {
  if (refocus === null) return;
  const chips = document.querySelectorAll("[data-chip]");
  (chips[Math.min(refocus, chips.length - 1)] ?? field).focus();
  refocus = null;
});

form.addEventListener("change", count);

// A reference alone, sent with Enter, is where one wants to go; while it is typed it only filters.
form.addEventListener("submit", (event) => {
  if (/^\s*fnd-[1-9]\d*\s*$/i.test(field.value)) {
    event.preventDefault();
    event.stopImmediatePropagation();
    location.assign(`${form.action}?q=${encodeURIComponent(field.value.trim())}`);
  }
}, true);

// Empty parameters say nothing.
let asked = null;
form.addEventListener("htmx:configRequest", (event) => {
  const { parameters, formData } = event.detail;
  for (const name of Object.keys(parameters)) if (parameters[name] === "") delete parameters[name];
  asked = new URLSearchParams(formData).toString();
});

// Who leaves the search field says once more what was asked for while they typed: that would be a second step for Back, and
// its answer might come after it.
form.addEventListener("change", (event) => {
  const said = new URLSearchParams([...new FormData(form)].filter(([, value]) => value !== "")).toString();
  if (event.target === field && said === asked) event.stopImmediatePropagation();
}, true);
addEventListener("popstate", () => {
  asked = null;
  window.htmx?.trigger(form, "htmx:abort");
});

form.addEventListener("htmx:afterRequest", (event) => {
  const wrong = event.detail.xhr.status === 422;
  if (wrong) field.setAttribute("aria-invalid", "true");
  else {
    field.removeAttribute("aria-invalid");
    mistakes().replaceChildren();
  }
});

// What was asked for and did not come is said: what is shown then is not what the bar asks for. (A mistake stands at its field.)
for (const kind of ["htmx:sendError", "htmx:responseError"])
  document.body.addEventListener(kind, ({ detail: { elt, xhr } }) => {
    if (xhr.status === 422) return;
    if (elt === form) asked = null;
    const run = elt === form ? changed : () => elt.click();
    toast(`Nothing new is shown. ${reasonOf(xhr)}`, { action: { label: "Try again", run } });
  });

for (const narrow of form.querySelectorAll("[data-narrows]")) {
  narrow.hidden = false;
  narrow.addEventListener("input", (event) => {
    event.stopPropagation();
    const words = narrow.value.trim().toLowerCase();
    for (const label of narrow.parentElement.querySelectorAll("label")) label.hidden = !label.textContent.toLowerCase().includes(words);
  });
  narrow.addEventListener("change", (event) => event.stopPropagation());
  narrow.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    narrow.parentElement.querySelector("label:not([hidden]) input")?.click();
  });
}
for (const menu of form.querySelectorAll(".filter"))
  menu.addEventListener("toggle", () => { if (menu.open) menu.querySelector("[data-narrows]")?.focus(); });

// The other views of the same issues, and their file, follow the filter.
document.body.addEventListener("htmx:pushedIntoHistory", () => {
  for (const link of document.querySelectorAll("a[data-view]")) link.href = link.dataset.view + location.search;
});
