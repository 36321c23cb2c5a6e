// How long ago things were, in words. The server writes dates, which are the same for every viewer and at any time.

const MINUTE = 60, HOUR = 3600, DAY = 86400;

/** "3 min", "2 h", "4 d"; beyond 30 days the date stays. */
function age(seconds) {
  if (seconds < MINUTE) return "now";
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  return seconds < 30 * DAY ? `${Math.floor(seconds / DAY)} d` : null;
}

/** Fill in every age under `root`; the exact time goes into the tooltip.
 *
 * Where the words are part of a text (`data-age="in-place"`), the age keeps the room that the date had: a page that was drawn
 * before this came does not move. Elsewhere the style sheet sees to it.
 */
export function fillAges(root = document) {
  const now = Date.now();
  const inPlace = [...root.querySelectorAll("time[data-age=in-place]")];
  const widths = inPlace.map((time) => time.getBoundingClientRect().width); // all are read before the first is changed
  inPlace.forEach((time, n) => { time.style.minWidth = `${widths[n]}px`; });
  for (const time of root.querySelectorAll("time[data-age]")) {
    const at = new Date(time.dateTime);
    time.title ||= at.toISOString().replace("T", " ").slice(0, 16) + " UTC";
    const words = age((now - at) / 1000);
    if (words) time.textContent = words;
  }
}

fillAges();
setInterval(fillAges, 60_000);
