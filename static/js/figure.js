// The files and columns under the plot of an issue: another one is drawn in the place of the last, and the address names it.

document.addEventListener("click", async (event) => {
  const tab = event.target.closest?.("#figure [data-figure]");
  if (!tab || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  const figure = tab.closest("figure"), asked = tab.dataset.figure;
  figure.ariaBusy = "true";
  const answer = await fetch(`${location.pathname}/figure?${asked}`, { headers: { "HX-Request": "true" } }).catch(() => null);
  figure.ariaBusy = "false";
  if (!answer?.ok) return location.assign(tab.href);
  const fresh = document.createRange().createContextualFragment(await answer.text()).querySelector("figure");
  const had = figure.contains(document.activeElement);
  figure.replaceWith(fresh);
  if (had) fresh.querySelector(`[data-figure="${asked}"]`)?.focus({ preventScroll: true });
  document.getElementById("open-plot").href = fresh.dataset.open;
  const here = new URL(location.href);
  for (const name of ["file", "column"]) here.searchParams.delete(name);
  for (const [name, value] of new URLSearchParams(asked)) here.searchParams.set(name, value);
  history.replaceState(history.state, "", here);
});
