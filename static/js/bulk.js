// The bar that changes what is selected: the same on list and board, for its own buttons and for the keys S P O T.

import { openMenu } from "./menu.js";
import { post, reason } from "./post.js";
import { toast } from "./toast.js";

export const LABELS = { status: "Status", priority: "Priority", owner: "Owner", tags: "Add tags" };
export const bar = () => document.getElementById("bulk");

/** Say how many are selected, and how many of them are not to be seen here. */
export function count(n, hidden) {
  // The bar goes, and what has the focus in it; j and k go on from where the tab stop is.
  if (!n && bar().contains(document.activeElement)) document.querySelector(":is(.list .c-title, .card h3) a[tabindex='0']")?.focus({ preventScroll: true });
  bar().classList.toggle("on", n > 0);
  document.getElementById("selected").textContent = `${n.toLocaleString("en")} selected${hidden ? `, ${hidden} not shown` : ""}`;
}

/** Open the menu of a property at the bar, or at `place`; `change` gets what the bar's form would send. */
export function choose(field, change, place = bar().querySelector(`[data-field="${field}"]`)) {
  const many = field === "tags";
  openMenu(place, {
    url: field === "status" || field === "priority" ? `#menu-${field}` : `/menu/${field}`,
    label: LABELS[field],
    multiple: many,
    create: many,
    onPick: (value) => {
      if (!many) change({ do: `${field}=${value}` });
      else if (value.length) change({ do: "tags", add_tags: value.join(",") });
    },
  });
}

/** Ask the server for one change to these issues, as one act. Whether it was done; if not, it says why. */
export async function send(fields, issues) {
  let response = null;
  try {
    response = await post(bar().getAttribute("action"), { ...fields, ...issues });
  } catch {
    // said below
  }
  if (!response?.ok) toast(`Nothing was changed. ${await reason(response)}`);
  return Boolean(response?.ok);
}

/** Have `change` called with what a button of the bar says. */
export function onButton(change) {
  document.addEventListener("submit", (event) => {
    const { target, submitter } = event;
    if (target.id !== "bulk" || !submitter || "plain" in submitter.dataset) return;
    event.preventDefault();
    for (const menu of target.querySelectorAll("details[open]")) menu.open = false;
    const fields = { do: submitter.value };
    for (const name of ["owner", "add_tags", "remove_tags"]) if (submitter.closest(".menu")?.querySelector(`[name=${name}]`)) fields[name] = target.elements[name].value;
    change(fields);
  });
}
