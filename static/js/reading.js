// While the worker reads a file, how far it is; the page itself is brought up to date when it is done.

const EVERY = 1000;

async function follow(place) {
  const words = place.querySelector("small") ?? place;
  while (place.isConnected) {
    await new Promise((wait) => setTimeout(wait, EVERY));
    if (document.hidden) continue;
    const answer = await fetch(`/file/${place.dataset.reading}/reading`).catch(() => null);
    if (!answer?.ok) continue;
    if (answer.status === 204) {
      if (place.closest(".file-page")) location.reload();
      return;
    }
    words.textContent = await answer.text();
  }
}

for (const place of document.querySelectorAll("[data-reading]")) follow(place);
