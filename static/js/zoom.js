// Zoom into a curve by dragging over it; the address holds the stretch, so Back zooms out again.

const LEFT = 34, MARGIN = 8; // of the drawing, in its own units; see issues/evidence/plot.py

for (const figure of document.querySelectorAll("[data-zoom]")) {
  const svg = figure.querySelector("svg");
  const holder = figure.closest(".curves").dataset;
  const begin = Number(holder.from), end = Number(holder.to);
  const width = svg.viewBox.baseVal.width, height = svg.viewBox.baseVal.height;
  let from = null, band = null;

  const place = (event) => {
    const box = svg.getBoundingClientRect();
    return Math.min(width - MARGIN, Math.max(LEFT, ((event.clientX - box.left) / box.width) * width));
  };
  const value = (x) => begin + ((x - LEFT) / (width - MARGIN - LEFT)) * (end - begin);

  svg.addEventListener("pointerdown", (event) => {
    if (event.button || event.pointerType === "touch") return; // a finger scrolls; the buttons zoom
    event.preventDefault();
    svg.setPointerCapture(event.pointerId);
    from = place(event);
    band = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, text] of Object.entries({ class: "chosen", x: from, y: 8, width: 0, height: height - 32 })) band.setAttribute(name, text);
    svg.append(band);
  });
  svg.addEventListener("pointermove", (event) => {
    if (from === null) return;
    const at = place(event);
    band.setAttribute("x", Math.min(from, at));
    band.setAttribute("width", Math.abs(at - from));
  });
  const leave = () => { band?.remove(); from = band = null; };
  svg.addEventListener("pointercancel", leave);
  svg.addEventListener("pointerup", (event) => {
    if (from === null) return;
    const ends = [from, place(event)].sort((a, b) => a - b);
    leave();
    if (ends[1] - ends[0] < 4) return;
    const address = new URL(location);
    address.searchParams.set("from", value(ends[0]));
    address.searchParams.set("to", value(ends[1]));
    location.assign(address);
  });
}
