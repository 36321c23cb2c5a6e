// A troubleshooting plan with script on: a tick shows at once, and what others tick appears as they do it.

import { fillAges } from "./ages.js";
import { bind } from "./keys.js";
import { onChange } from "./live.js";
import { post, reason } from "./post.js";
import { toast } from "./toast.js";

const plan = () => document.getElementById("plan");
const boxes = () => [...plan().querySelectorAll(".box")];

/** Put in what the server answered, unless something newer is there; the focus stays on its step. */
function put(html) {
  const fresh = document.createRange().createContextualFragment(html).getElementById("plan");
  if (!fresh || Number(fresh.dataset.version) < Number(plan().dataset.version)) return;
  const focused = plan().contains(document.activeElement) ? document.activeElement.id : "";
  fillAges(fresh);
  plan().replaceWith(fresh);
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

document.addEventListener("submit", async (event) => {
  const { target: form, submitter: box } = event;
  if (!box?.matches(".box")) return;
  event.preventDefault();
  const was = box.ariaChecked;
  const address = box.getAttribute("formaction") ?? form.getAttribute("action");
  box.ariaChecked = String(was !== "true");
  const response = await post(address, { step: box.value }).catch(() => null);
  if (response?.ok || (response?.status === 404 && response.headers.get("Vary")?.includes("HX-Request"))) return put(await response.text());
  box.ariaChecked = was;
  toast(`Nothing was changed. ${await reason(response)}`);
});

function step(by) {
  const all = boxes();
  const at = all.indexOf(document.activeElement);
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : at + by];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

const group = "Plan";
bind({ keys: "j", label: "Next step", group, when: () => boxes().length > 0, run: () => step(1) });
bind({ keys: "k", label: "Previous step", group, when: () => boxes().length > 0, run: () => step(-1) });
bind({ keys: "x", label: "Tick the step, or take its tick off", group, when: () => document.activeElement?.matches(".box"), run: () => document.activeElement.click() });

onChange(async (changes) => {
  const { reference, version } = plan().dataset;
  if (changes && !changes.some((change) => change.reference === reference && change.version > Number(version))) return;
  const response = await fetch(location.pathname, { headers: { "HX-Request": "true" } }).catch(() => null);
  if (response?.ok) put(await response.text());
});
fillAges(document);
