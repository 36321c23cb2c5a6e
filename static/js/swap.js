// htmx, which comes when somebody turns to what it swaps; what is chosen before it is there waits.

import { toast } from "./toast.js";

let coming = null;

/** Load it, once. Rejects if the server does not answer; asked again, it tries again. */
export function loadHtmx() {
  if (window.htmx) return Promise.resolve();
  coming ??= new Promise((done, failed) => {
    const load = () => {
      const script = document.createElement("script");
      Object.assign(script, { src: document.querySelector("[data-htmx]").dataset.htmx, onload: done, onerror: failed });
      document.head.append(script);
    };
    // htmx would wait for an event that has passed, unless the page is complete.
    if (document.readyState === "complete") load();
    else addEventListener("load", load, { once: true });
  }).catch((error) => { coming = null; throw error; });
  return coming;
}

/** Have it come when somebody turns to one of these places (a selector), or scrolls a list that goes on; or sends `form`. */
export function comeWhenTurnedTo(places, form) {
  if (window.htmx) return;
  for (const kind of ["focusin", "pointerover", "scroll"])
    document.addEventListener(kind, function turn({ target }) {
      if (kind === "scroll" ? !document.querySelector(".list .more") : !target.closest?.(places)) return;
      document.removeEventListener(kind, turn, true);
      loadHtmx().catch(() => {});
    }, true);
  for (const kind of ["input", "change", "submit"]) form.addEventListener(kind, wait);
  addEventListener("popstate", ({ state }) => { if (state?.htmx && !window.htmx) location.reload(); });
}

async function wait(event) {
  const { currentTarget: form, target, type } = event;
  if (window.htmx || (type === "input" && target.type !== "search")) return;
  if (type === "submit") event.preventDefault();
  try {
    await loadHtmx();
  } catch {
    if (type === "submit") form.submit();
    else toast("Nothing new is shown. The server did not answer.");
    return;
  }
  // Half a word is not looked for: who types has their pause.
  if (type === "input") target.dispatchEvent(new Event("input", { bubbles: true }));
  else form.dispatchEvent(new Event("change", { bubbles: true }));
}
