// Writing to the server from script: the same addresses and fields as the forms of the page.

/** Send `fields` (an object, or a FormData) to `url` as a form of this page would; returns the Response.
 *
 * Answers like htmx's: a view sees a request for a fragment. What a header HX-Trigger says is told to the page, as
 * htmx does it: an event on <body> for each member. Rejects only when the server does not answer at all.
 */
export async function post(url, fields = {}) {
  const body = fields instanceof FormData ? fields : new FormData();
  if (body !== fields)
    for (const [name, value] of Object.entries(fields))
      for (const one of Array.isArray(value) ? value : [value]) body.append(name, one);
  if (!body.has("csrfmiddlewaretoken")) {
    const token = document.querySelector("input[name=csrfmiddlewaretoken]");
    if (token) body.set("csrfmiddlewaretoken", token.value);
  }
  const response = await fetch(url, { method: "POST", body, headers: { "HX-Request": "true" } });
  tell(response);
  return response;
}

const WHY = {
  0: "The server did not answer.",
  401: "You are signed out. Sign in in another tab, then try again.",
  403: "You may not do this.",
  404: "It was deleted meanwhile.",
  413: "This is too large.",
  507: "The server's disk is full.",
};

/** Why the server refused, in its own words if it has some for people. `response` is null if it did not answer. */
export async function reason(response) {
  const isPlain = response?.headers.get("Content-Type")?.startsWith("text/plain");
  return isPlain ? (await response.text()).trim() : why(response?.status ?? 0, response?.headers.get("Retry-After"));
}

/** The same of an XMLHttpRequest that has ended. */
export function reasonOf(request) {
  const isPlain = request.getResponseHeader("Content-Type")?.startsWith("text/plain");
  return isPlain ? request.responseText.trim() : why(request.status, request.getResponseHeader("Retry-After"));
}

/** Why, by the status alone; `wait` in seconds, where there is too much at once. */
export function why(status, wait) {
  if (status !== 429) return WHY[status] ?? "The server could not do it.";
  const minutes = Math.ceil(Number(wait) / 60) || 1;
  return `This is too much at once. Wait ${minutes > 1 ? `${minutes} minutes` : "a minute"}, then try again.`;
}

function tell(response) {
  const said = response.headers.get("HX-Trigger");
  if (!said?.startsWith("{")) return;
  for (const [name, detail] of Object.entries(JSON.parse(said)))
    document.body.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
}
