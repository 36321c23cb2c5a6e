// What others change shows here: every page asks once a second whether there is anything new, and hears mostly "no".
// A hidden tab does not ask; it does once it is looked at.

const EVERY = 1000, AFTER_FAILURES = 3000; // milliseconds
const callbacks = [];
const offline = document.getElementById("offline");
// What asks the server to change something. Without it they stay where they are, and do nothing.
const ACTIONS = "form[method=post] :is(button, summary), button[form], [data-menu], [data-edit], .card .move > summary, .decide > summary";
let after = document.body.dataset.live;
let timer, asking = null, failures = 0, isSignedOut = false;

/** Have `callback` called with what somebody changed: [{id, reference, version, kinds, actor, deleted}], oldest first, or
 * null where that is too much to be named: whatever is shown may be old.
 *
 * It may hear of a change that it shows already (its own, or one that came while the page was made): compare versions.
 * If it returns a promise, the next question waits for it.
 */
export function onChange(callback) {
  callbacks.push(callback);
}

/** Ask now, past what the server remembers: after a change of one's own. */
export async function check() {
  await asking;
  return ask("&now=1");
}

function ask(extra = "") {
  if (!after) return Promise.resolve();
  clearTimeout(timer);
  asking = answer(extra).finally(() => {
    asking = null;
    if (after && !document.hidden && !isSignedOut) timer = setTimeout(ask, failures > 1 ? AFTER_FAILURES : EVERY);
  });
  return asking;
}

async function answer(extra) {
  let response;
  try {
    response = await fetch(`/live?after=${encodeURIComponent(after)}${extra}`, { cache: "no-store" });
  } catch {
    return failed();
  }
  if (response.status === 429) return; // whoever stands in front has had enough: a little later
  if (response.status >= 500) return failed();
  failures = 0;
  if (isOffline()) setOffline(false);
  setSignedOut(response.redirected);
  if (response.status === 204 || isSignedOut) return;
  if (!response.ok || !response.headers.get("Content-Type")?.startsWith("application/json")) {
    after = null; // a page from before a new key: it stays as it is
    return;
  }
  const news = await response.json();
  after = news.after;
  for (const place of document.querySelectorAll("[data-untriaged]")) {
    place.hidden = news.untriaged === 0;
    place.firstChild.data = news.untriaged > 99 ? "99+" : String(news.untriaged);
  }
  if (news.changes?.length !== 0) await Promise.all(callbacks.map((callback) => callback(news.changes)));
}

function failed() {
  failures += 1;
  if (failures > 1 && !isOffline()) setOffline(true);
}

/** Whether the server does not answer: then nothing can be changed, and the page says so. Text can be typed, and stays. */
export function isOffline() {
  return document.documentElement.hasAttribute("data-offline");
}

function setOffline(on) {
  document.documentElement.toggleAttribute("data-offline", on);
  if (offline) offline.textContent = on ? "Not connected. Changes are not saved." : "";
  for (const action of document.querySelectorAll(ACTIONS))
    if (on) action.setAttribute("aria-disabled", "true");
    else action.removeAttribute("aria-disabled");
}

/** News are for who is signed in. It is asked for again when somebody comes back to this page, from signing in elsewhere. */
function setSignedOut(is) {
  if (offline && (is || isSignedOut)) offline.textContent = is ? "You are signed out. Sign in in another tab." : "";
  isSignedOut = is;
}

function refuse(event) {
  if (!isOffline() || !event.target.closest?.(event.type === "submit" ? "form[method=post]" : ACTIONS)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}
for (const kind of ["click", "submit"]) addEventListener(kind, refuse, true);
for (const kind of ["offline", "online"]) addEventListener(kind, () => check());

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (!document.hidden && !asking) ask();
});
addEventListener("pageshow", ({ persisted }) => { if (persisted) check(); });
document.addEventListener("undone", check);
if (!document.hidden) timer = setTimeout(ask, EVERY);
