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

/** Why the server refused, in its own words if it has some for people. */
export async function reason(response) {
  if (!response) return "The server did not answer.";
  if (response.headers.get("Content-Type")?.startsWith("text/plain")) return (await response.text()).trim();
  if (response.status === 403) return "You may not do this.";
  if (response.status === 404) return "It was deleted meanwhile.";
  return "The server could not do it.";
}

function tell(response) {
  const said = response.headers.get("HX-Trigger");
  if (!said?.startsWith("{")) return;
  for (const [name, detail] of Object.entries(JSON.parse(said)))
    document.body.dispatchEvent(new CustomEvent(name, { bubbles: true, detail }));
}
