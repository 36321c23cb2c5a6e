// "@" in a text offers people while their name is typed. Without script an e-mail after the @ does the same.

const AT = /(?:^|[\s(])@([\w.+-]*)$/;
const WAIT = 120; // milliseconds
let open = null; // {field, list, begin}
let timer;

function close() {
  if (!open) return;
  open.field.removeAttribute("aria-activedescendant");
  open.field.removeAttribute("aria-controls");
  open.list.remove();
  open = null;
}

function settle(list, field) {
  const at = field.getBoundingClientRect();
  const below = at.bottom + 4 + list.offsetHeight <= innerHeight;
  list.style.top = `${below ? at.bottom + 4 : Math.max(8, at.top - list.offsetHeight - 4)}px`;
  list.style.left = `${Math.max(8, Math.min(at.left, innerWidth - list.offsetWidth - 8))}px`;
}

async function offer(field) {
  const typed = AT.exec(field.value.slice(0, field.selectionStart));
  if (!typed) return close();
  const response = await fetch(`/mentions?q=${encodeURIComponent(typed[1])}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (!response?.ok || document.activeElement !== field) return;
  const lines = (await response.text()).trim();
  close();
  if (!lines) return;
  const list = document.createElement("ul");
  list.className = "menu pop";
  Object.assign(list, { id: "mention-list", role: "listbox", ariaLabel: "People" });
  list.innerHTML = lines;
  document.body.append(list);
  settle(list, field);
  open = { field, list, length: typed[1].length };
  field.setAttribute("aria-controls", list.id);
  activate(list.firstElementChild);
  list.addEventListener("pointerdown", (event) => {
    event.preventDefault(); // focus stays in the text
    const option = event.target.closest("[role=option]");
    if (option) pick(option);
  });
}

function activate(option) {
  for (const one of open.list.children) one.setAttribute("aria-selected", String(one === option));
  open.list.querySelector(".on")?.classList.remove("on");
  option.classList.add("on");
  open.field.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

function pick(option) {
  const { field, length } = open;
  close();
  field.setRangeText(`${option.dataset.value} `, field.selectionStart - length, field.selectionStart, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

/** Begin a mention where the cursor is. */
export function mention(field) {
  field.focus();
  const before = field.value.slice(0, field.selectionStart);
  field.setRangeText(/(^|\s)$/.test(before) ? "@" : " @", field.selectionStart, field.selectionEnd, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("input", ({ target }) => {
  if (!target.matches?.("textarea[data-mentions]")) return;
  clearTimeout(timer);
  if (AT.test(target.value.slice(0, target.selectionStart))) timer = setTimeout(() => offer(target), WAIT);
  else close();
});
document.addEventListener("keydown", (event) => {
  if (!open || event.target !== open.field) return;
  const options = [...open.list.children];
  const at = options.findIndex((option) => option.classList.contains("on"));
  if (event.key === "ArrowDown") activate(options[(at + 1) % options.length]);
  else if (event.key === "ArrowUp") activate(options[(at - 1 + options.length) % options.length]);
  else if (event.key === "Enter" || event.key === "Tab") pick(options[at]);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
  event.stopPropagation();
}, true);
document.addEventListener("focusout", ({ target }) => { if (open?.field === target) close(); });
