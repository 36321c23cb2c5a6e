// The dashboard's weeks are the viewer's: the server reads the name of their time zone from a cookie.

import { comeWhenTurnedTo, loadHtmx } from "./swap.js";

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const known = document.cookie.split("; ").find((pair) => pair.startsWith("zone="))?.slice(5);

if (zone && known !== encodeURIComponent(zone)) {
  document.cookie = `zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  // Only where it makes a difference: the page was made for UTC.
  const shown = known ?? "UTC";
  if (zone !== shown && document.cookie.includes("zone="))
    loadHtmx().then(() => window.htmx.ajax("GET", location.href, { target: document.getElementById("wall") ?? "#dashboard", swap: "outerHTML" }), () => {});
}
const filter = document.querySelector("#dashboard form");
if (filter) comeWhenTurnedTo("#dashboard > :is(.top, form)", filter);

// What was open stays open, and the focus where it was, when the charts are drawn anew.
let open = [];
let focused = "";
let sheet = false;
document.addEventListener("htmx:beforeSwap", () => {
  open = [...document.querySelectorAll("figure[id] details[open]")].map((details) => [details.closest("figure").id, [...details.parentElement.children].indexOf(details)]);
  focused = document.activeElement?.id ?? "";
  sheet = Boolean(document.querySelector("#filters:popover-open"));
});
document.addEventListener("htmx:afterSettle", () => {
  for (const [id, place] of open) document.querySelector(`#${id} footer`)?.children[place]?.setAttribute("open", "");
  if (sheet) document.getElementById("filters")?.showPopover();
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
});

// A wall that nobody is at says when its numbers are old; the next answer takes the words away with the rest.
for (const failure of ["htmx:sendError", "htmx:responseError", "htmx:timeout"])
  document.addEventListener(failure, () => document.getElementById("wall")?.setAttribute("data-away", ""));
