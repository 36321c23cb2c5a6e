// What every page does with script on: ages, toasts, drafts, single keys. Without script everything works by forms and links.

const MINUTE = 60, HOUR = 3600, DAY = 86400;

/** "3 min", "2 h", "4 d"; beyond 30 days the date stays. */
function age(seconds) {
  if (seconds < MINUTE) return "now";
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  return seconds < 30 * DAY ? `${Math.floor(seconds / DAY)} d` : null;
}

export function fillAges(root = document) {
  const now = Date.now();
  for (const time of root.querySelectorAll("time[data-age]")) {
    const at = new Date(time.dateTime);
    time.title ||= at.toISOString().replace("T", " ").slice(0, 16) + " UTC";
    const words = age((now - at) / 1000);
    if (words) time.textContent = words;
  }
}

/** One toast at a time, for eight seconds; it stays while it is hovered or focused. */
export function toast(text, action) {
  const place = document.getElementById("toast");
  const box = document.createElement("div");
  box.className = "toast";
  box.append(text);
  if (action) {
    const button = document.createElement("button");
    button.className = "btn sm";
    button.textContent = action.label;
    button.addEventListener("click", () => { place.replaceChildren(); action.run(); });
    box.append(button);
  }
  place.replaceChildren(box);
  const leave = () => { if (box.matches(":hover, :focus-within")) setTimeout(leave, 1000); else box.remove(); };
  setTimeout(leave, 8000);
}

function keepDrafts() {
  for (const field of document.querySelectorAll("textarea[data-draft]")) {
    const key = `draft:${field.dataset.draft}`;
    const saved = localStorage.getItem(key);
    if (saved && !field.value.trim()) field.value = saved;
    field.addEventListener("input", () => {
      if (field.value.trim()) localStorage.setItem(key, field.value);
      else localStorage.removeItem(key);
    });
    field.form.addEventListener("submit", () => sessionStorage.setItem("sent", key));
  }
  // A draft goes once its form has been taken: the next page shows no error.
  const sent = sessionStorage.getItem("sent");
  sessionStorage.removeItem("sent");
  if (sent && !document.querySelector(".err, [role=alert]")) {
    localStorage.removeItem(sent);
    for (const field of document.querySelectorAll("textarea[data-draft]"))
      if (`draft:${field.dataset.draft}` === sent && field.value !== field.defaultValue) field.value = field.defaultValue;
  }
}

function typing(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches("textarea")) {
    event.target.form.requestSubmit();
    return;
  }
  if (event.key === "Escape") {
    const open = event.target.closest("details[open]") ?? document.querySelector("details.filter[open], details.move[open]");
    if (open) { open.open = false; open.querySelector("summary").focus(); }
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "n") location.assign("/new");
  else if (event.key === "/" && document.getElementById("q")) { event.preventDefault(); document.getElementById("q").focus(); }
});

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[data-opens]");
  if (opener) {
    event.preventDefault();
    const details = document.getElementById(opener.dataset.opens);
    opener.closest("details")?.removeAttribute("open");
    details.open = true;
    details.querySelector("textarea").focus();
  }
  for (const menu of document.querySelectorAll("details.filter[open], details.move[open]"))
    if (!menu.contains(event.target)) menu.open = false;
});

for (const extra of document.querySelectorAll("[data-without-script]")) extra.hidden = true;
fillAges();
setInterval(fillAges, 60_000);
keepDrafts();
