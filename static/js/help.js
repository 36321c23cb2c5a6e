// The keyboard help as an overlay: the page /help in a dialog. Loaded when it is first asked for.

import { post } from "./post.js";

let dialog = null;

/** Open the list of keys, with the switch for single keys. */
export async function openHelp() {
  if (dialog?.open) return;
  const response = await fetch("/help", { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok) return location.assign("/help");
  dialog?.remove();
  dialog = document.createElement("dialog");
  dialog.className = "keys";
  dialog.setAttribute("aria-labelledby", "keys-title");
  dialog.innerHTML = `<div class="row"><h1 id="keys-title">Keyboard</h1><span class="grow"></span><form method="dialog"><button class="btn ghost icon" aria-label="Close"><svg class="i" aria-hidden="true"><use href="#i-x"/></svg></button></form></div>${await response.text()}`;
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
}

// The switch acts at once, in the overlay and on the page.
document.addEventListener("change", (event) => {
  const form = event.target.closest("#single-keys");
  if (form) post(form.action, new FormData(form)).catch(() => form.submit());
});
