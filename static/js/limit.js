// Files that are too large are refused where they are chosen, before they are sent for nothing.

const UNITS = ["B", "kB", "MB", "GB", "TB"];

/** `1.5 kB`, `256 MB`: as the server says it. */
export function sizeInWords(size) {
  let n = 0;
  while (size >= 999.5 && n < UNITS.length - 1) { size /= 1000; n += 1; }
  return `${Number(size.toPrecision(3))} ${UNITS[n]}`;
}

/** Mark the field as one that cannot be sent, or as one that can. */
export function checkLimit(input) {
  const limit = Number(input.dataset.limit);
  const size = [...input.files].reduce((sum, file) => sum + file.size, 0);
  const which = input.files.length === 1 ? `${input.files[0].name} has` : "These files have";
  input.setCustomValidity(limit && size > limit ? `${which} ${sizeInWords(size)}. At most ${sizeInWords(limit)} can be sent at a time.` : "");
}

document.addEventListener("change", ({ target }) => {
  if (target.matches?.("input[type=file][data-limit]")) { checkLimit(target); target.reportValidity(); }
}, true);
