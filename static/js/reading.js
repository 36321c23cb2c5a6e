// While the worker reads a file, how far it is. Places that come later, with what others attach, are followed, too.

const EVERY = 1000; // milliseconds
const AT_ONCE = 6; // places asked for; files are read in the order they came in

async function look() {
  const places = document.hidden ? [] : [...document.querySelectorAll("[data-reading]")].slice(0, AT_ONCE);
  await Promise.all(places.map(tell));
  setTimeout(look, EVERY);
}

async function tell(place) {
  const answer = await fetch(place.dataset.reading).catch(() => null);
  if (!answer?.ok || !place.isConnected) return;
  if (answer.status === 204) {
    delete place.dataset.reading;
    return show(place);
  }
  (place.querySelector("small") ?? place).textContent = await answer.text();
}

/** The file is read. The issue page hears of it as of any change; elsewhere its section is asked for anew. */
async function show(place) {
  if (document.getElementById("issue")) return;
  const section = place.closest("section[id]");
  if (!section) return location.reload();
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(section.id);
  if (fresh && !section.contains(document.activeElement)) section.replaceWith(document.adoptNode(fresh));
}

setTimeout(look, EVERY);
