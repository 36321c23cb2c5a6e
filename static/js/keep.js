// Drafts of the issue page: what is typed stays in this browser through reload, crash and sign-out, until the server has
// taken it. A draft remembers what it was written against, so that a newer text of somebody else is never overwritten.

const PREFIX = "keep:";
const key = (field) => PREFIX + field.dataset.keep;

function stored(field) {
  try {
    return JSON.parse(localStorage.getItem(key(field)));
  } catch {
    return null;
  }
}

/** Give the fields under `root` what was typed in them before. */
export function restore(root) {
  for (const field of root.querySelectorAll("textarea[data-keep]")) {
    const draft = stored(field);
    if (!draft || draft.text === field.value || field.value !== field.defaultValue || field.getAttribute("aria-invalid")) continue;
    field.value = draft.text;
    const was = field.form?.elements.was;
    if (was && draft.was) was.value = draft.was;
    field.dispatchEvent(new Event("input")); // for an editor over it; it does not bubble: nothing was typed
    field.closest("details.decide")?.setAttribute("data-typed", "");
  }
}

/** Forget what was typed in these fields: the server has it, or nobody wants it. */
export function forget(root) {
  for (const field of root.querySelectorAll("textarea[data-keep]")) localStorage.removeItem(key(field));
}

function keep(field) {
  try {
    if (field.value.trim() && field.value !== field.defaultValue)
      localStorage.setItem(key(field), JSON.stringify({ text: field.value, was: field.form?.elements.was?.value }));
    else localStorage.removeItem(key(field));
  } catch {
    // a full store: the text is still in its field
  }
}

document.addEventListener("input", ({ target }) => { if (target.matches?.("textarea[data-keep]")) keep(target); });
// What was typed before this script came.
for (const field of document.querySelectorAll("textarea[data-keep]")) if (field.value !== field.defaultValue) keep(field);

// A form that leaves its page takes its draft along; it is forgotten once the next page shows no such field again.
addEventListener("submit", ({ target, defaultPrevented, submitter }) => {
  const field = target.querySelector("textarea[data-keep]");
  if (field && !defaultPrevented && submitter?.value !== "preview") sessionStorage.setItem("kept", key(field));
});
const left = sessionStorage.getItem("kept");
sessionStorage.removeItem("kept");
if (left && !document.querySelector("[role=alert]")) localStorage.removeItem(left);
