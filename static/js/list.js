// The list with script on: keys, ranges, and rows that follow what others change without moving.

import { fillAges } from "./app.js";

document.body.addEventListener("htmx:afterSettle", () => fillAges(document));
