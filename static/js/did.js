// With script on, what a plain form did is said by a toast, and the address forgets it, so that a reload does not repeat it.

import { toast } from "./toast.js";

const said = document.getElementById("did");
const button = said.querySelector("button");
const place = new URL(location.href);
place.searchParams.delete("did");
history.replaceState(history.state, "", place);
toast(said.querySelector("span").textContent, button ? { undo: { [button.name]: button.value, label: button.textContent } } : {});
