// Files by picking, dropping and pasting: beside the comment they go with it, anywhere else they become evidence.

import { checkLimit } from "./limit.js";

/** Show what is chosen in the composer, each with a way to take it out again. */
export function showChosen(form) {
  const list = form.querySelector(".chosen");
  const input = form.querySelector("input.pick");
  list.replaceChildren(...[...input.files].map((file, n) => {
    const item = document.createElement("li");
    item.className = "tag";
    item.append(file.name);
    const out = document.createElement("button");
    Object.assign(out, { type: "button", ariaLabel: `Take out ${file.name}`, textContent: "×" });
    out.addEventListener("click", () => {
      put(input, [...input.files].filter((_, at) => at !== n));
      showChosen(form);
      form.querySelector("textarea").focus();
    });
    item.append(out);
    return item;
  }));
  list.hidden = input.files.length === 0;
}

/** Have a file input hold these files. */
export function put(input, files) {
  const carrier = new DataTransfer();
  for (const file of files) carrier.items.add(file);
  input.files = carrier.files;
  checkLimit(input);
}

function add(form, files) {
  const input = form.querySelector("input[type=file]");
  if (form.id === "composer") {
    put(input, [...input.files, ...files]);
    showChosen(form);
  } else {
    put(input, files);
    form.requestSubmit();
  }
}

/** A pasted picture has no name of its own. */
export function named(file) {
  const moment = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  return file.name && file.name !== "image.png" ? file : new File([file], `pasted-${moment}.${file.type.split("/")[1] ?? "png"}`, { type: file.type });
}

/** Whether what is dragged are files. */
export const carries = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
const target = (event) => event.target.closest?.("#composer") ?? document.getElementById("attach");

document.addEventListener("change", ({ target: input }) => {
  if (!input.matches?.("input[type=file]") || !input.form?.hasAttribute("data-sends-files") || !input.files.length) return;
  if (input.form.id === "composer") showChosen(input.form);
  else input.form.requestSubmit();
});
document.addEventListener("paste", (event) => {
  const composer = document.getElementById("composer");
  const files = [...(event.clipboardData?.files ?? [])];
  if (!composer || !files.length || (event.target !== composer.elements.content && event.target.closest?.("input, textarea"))) return;
  event.preventDefault();
  add(composer, files.map(named));
});
document.addEventListener("dragover", (event) => {
  const form = target(event);
  if (!carries(event) || !form) return;
  event.preventDefault();
  for (const one of document.querySelectorAll(".drop")) one.classList.toggle("drop", one === form);
  form.classList.add("drop");
});
for (const kind of ["dragleave", "dragend", "drop"])
  document.addEventListener(kind, (event) => {
    if (kind !== "dragleave" || !event.relatedTarget) for (const one of document.querySelectorAll(".drop")) one.classList.remove("drop");
  });
document.addEventListener("drop", (event) => {
  const form = target(event);
  if (!carries(event) || !form) return;
  event.preventDefault();
  add(form, event.dataTransfer.files);
});
