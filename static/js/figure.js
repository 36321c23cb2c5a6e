// The columns under the plot of an issue: another one is drawn in the place of the last, and the address names it.

document.addEventListener("click", async (event) => {
  const tab = event.target.closest?.("#figure [data-column]");
  if (!tab || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const figure = tab.closest("figure");
  const { column } = tab.dataset;
  figure.ariaBusy = "true";
  const answer = await fetch(`${location.pathname}/figure?column=${column}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  figure.ariaBusy = "false";
  if (!answer?.ok) return location.assign(tab.href);
  const fresh = document.createRange().createContextualFragment(await answer.text());
  for (const part of [".chart", "figcaption"]) figure.querySelector(part).replaceWith(fresh.querySelector(part));
  for (const one of figure.querySelectorAll("[data-column]")) one.toggleAttribute("aria-current", false);
  tab.setAttribute("aria-current", "true");
  const here = new URL(location.href);
  here.searchParams.set("column", column);
  history.replaceState(history.state, "", here);
});
