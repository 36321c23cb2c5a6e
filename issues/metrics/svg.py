"""Draws chart objects as SVG: geometry in attributes, colour by class, no style, so that a strict CSP holds.

Every bar and segment is a link to the issues it counts. The text in `<title>` says the result in a sentence.
"""

import math
from collections.abc import Sequence

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from .charts import Chart

# The chart objects' colours and the classes of static/css/dashboard.css.
CLASSES = {
    "#d4600d": "f-open",
    "#2277cc": "f-prog",
    "#138a61": "f-done",
    "#74768a": "f-rej",
    "#b3243a": "f-high",
    "#50524b": "f-n1",
    "#86887e": "f-n2",
    "#cfcfc6": "f-n3",
    "#2a46bf": "f-line",
}
Links = Sequence[Sequence[str]]  # for `data`, then for each series


def draw(chart: Chart, links: Links, sentence: str, *, id_: str, narrow: bool = False) -> SafeString:
    """The chart as an `<svg>`; `narrow` is the drawing for a small container, with its labels just as large."""
    config = chart.chart_data.display_config or {}
    layout = "ring" if chart.chart_type == "pie_chart" else config.get("layout", "columns")
    width, height, inside = _LAYOUTS[layout](chart, links, narrow)
    return mark_safe(  # noqa: S308 - numbers, classes, and text that is escaped
        f'<svg class="chart" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="group" '
        f'aria-labelledby="{id_}"><title id="{id_}">{escape(sentence)}</title>{inside}</svg>'
    )


def sparkline(values: Sequence[float | None]) -> SafeString:
    """The course of a figure, 88 × 32, without numbers: it only goes with them."""
    known = [(n, value) for n, value in enumerate(values) if value is not None]
    if len(known) < 2:
        return SafeString("")
    low, high = min(value for _, value in known), max(value for _, value in known)
    points = [
        (2 + 84 * n / (len(values) - 1), 29 - (26 * (value - low) / (high - low) if high > low else 13))
        for n, value in known
    ]
    x, y = points[-1]
    return mark_safe(  # noqa: S308 - numbers
        f'<svg class="chart" viewBox="0 0 88 32" width="88" height="32" aria-hidden="true"><path class="ln ln-thin" '
        f'd="{_path(points)}"/><circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="2.5"/></svg>'
    )


def swatch(color: str, kind: str) -> SafeString:
    """The sample beside a name in a legend."""
    inside = (
        f'<path class="{_line_class(color)}" d="M0 6H12"/>'
        if kind == "line"
        else f'<rect class="{CLASSES[color]}" x=".5" y=".5" width="11" height="11" rx="3"/>'
    )
    return mark_safe(f'<svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">{inside}</svg>')  # noqa: S308


def _columns(chart: Chart, links: Links, narrow: bool) -> tuple[int, int, str]:
    """Bars side by side for each label, and a line on an axis of its own at the right."""
    width, height = (326, 200) if narrow else (744, 216)
    left, right, top, base = 28, width - 34, 12, height - 24
    config = chart.chart_data.display_config or {}
    labels = [entry.label for entry in chart.chart_data.data]
    bars = [([entry.value for entry in chart.chart_data.data], chart.chart_data.data[0].color, links[0])]
    bars += [
        (one["values"], one["color"], links[n])
        for n, one in enumerate(config["series"], 1) if one["type"] == "bar"
    ]  # fmt: skip
    lines = [(one, links[n]) for n, one in enumerate(config["series"], 1) if one["type"] == "line"]
    unit, ticks = _scale(max(max(values) for values, _, _ in bars))
    line_unit, _ = _scale(max((max(one["values"]) for one, _ in lines), default=0), ticks)
    out = [_grid(left, right, base, top, unit, ticks)]
    out += [
        f'<text x="{right + 8}" y="{_at(n, ticks, base, top) + 4:.1f}">{_number(n * line_unit)}</text>'
        for n in range(ticks + 1)
    ]
    slot = (right - left) / len(labels)
    bar = min(14.0, max(3.0, (slot - 4) / len(bars) - 2))
    for n in range(len(labels)):
        x = left + slot * (n + 0.5) - (bar + 2) * len(bars) / 2 + 1
        for values, color, addresses in bars:
            tall = (base - top) * values[n] / (unit * ticks)
            out.append(_bar(x, base - tall, bar, tall, color, addresses[n], f"{labels[n]}: {values[n]:,}"))
            x += bar + 2
        if (len(labels) - 1 - n) % _every(slot) == 0:
            out.append(_label(left + slot * (n + 0.5), height - 6, labels[n]))
    for one, addresses in lines:
        points = [
            (left + slot * (n + 0.5), base - (base - top) * value / (line_unit * ticks or 1))
            for n, value in enumerate(one["values"])
        ]
        out.append(f'<path class="{_line_class(one["color"])}" d="{_path(points)}"/>')
        for n, (x, y) in enumerate(points):
            said = f"{labels[n]}, not closed at the end: {one['values'][n]:,}"
            out.append(_dot(x, y, addresses[n], said, reach=min(8, slot / 2)))
        x, y = points[-1]
        out.append(_label(min(x, right - 28), max(10, y - 10), f"{one['values'][-1]:,} open", "b"))
    return width, height, "".join(out)


def _stacked(chart: Chart, links: Links, narrow: bool) -> tuple[int, int, str]:
    """One bar for each label, its parts one upon the other, and how many in all."""
    width, height, left, top, base = 352, 168, 28, 20, 146
    config = chart.chart_data.display_config or {}
    labels, totals = [entry.label for entry in chart.chart_data.data], config["totals"]
    parts = _parts(chart)
    unit, ticks = _scale(max(totals, default=0))
    slot = (width - left) / len(labels)
    out = [_grid(left, width, base, top, unit, ticks)]
    for n, label in enumerate(labels):
        x, y, bar = left + slot * n + slot * 0.24, float(base), slot * 0.52
        for k, (values, color, name) in enumerate(parts):
            tall = (base - top) * values[n] / (unit * ticks)
            if values[n]:
                y -= tall
                out.append(
                    _bar(x, y, bar, max(tall - 1, 0.8), color, links[k][n], f"{label}, {name}: {values[n]:,}", round_=1.5)
                )  # fmt: skip
        out += [_label(x + bar / 2, y - 5, f"{totals[n]:,}", "b"), _label(x + bar / 2, 163, label)]
    return width, height, "".join(out)


def _histogram(chart: Chart, links: Links, narrow: bool) -> tuple[int, int, str]:
    """Bars without gaps, and marks at percentiles."""
    width, height, left, top, base = 352, 168, 28, 22, 146
    config, data = chart.chart_data.display_config or {}, chart.chart_data.data
    unit, ticks = _scale(max((entry.value for entry in data), default=0))
    slot = (width - left) / len(data)
    out = [_grid(left, width, base, top, unit, ticks)]
    for n, entry in enumerate(data):
        tall = (base - top) * entry.value / (unit * ticks)
        if entry.value:
            said = f"{entry.label}{' or more' if n == len(data) - 1 else ' and more'}: {entry.value:,}"
            out.append(
                _bar(
                    left + slot * n + 1,
                    base - tall,
                    slot - 2,
                    tall,
                    entry.color,
                    links[0][n],
                    said,
                    round_=1.5,
                )
            )
        if n % math.ceil(len(data) / 5) == 0:
            out.append(_label(left + slot * n, 163, entry.label, anchor="start"))
    taken = -99.0
    for mark in config.get("markers", ()):
        x = min(left + slot * mark["at"], width - 1.0)
        out.append(f'<line class="ln-2" x1="{x:.1f}" x2="{x:.1f}" y1="14" y2="{base}"/>')
        words = min(max(x, left + 30.0), width - 34.0)
        words = max(words, taken + 66)
        out.append(_label(min(words, width - 34.0), 9, mark["label"], "b"))
        taken = words
    return width, height, "".join(out)


def _lines(chart: Chart, links: Links, narrow: bool) -> tuple[int, int, str]:
    """Shares in per cent over time; a point where there was nothing to share is left out."""
    width, height, left, right, top, base = 352, 168, 34, 278, 8, 146
    config, data = chart.chart_data.display_config or {}, chart.chart_data.data
    lines = [(config["name"], data[0].color, [entry.value for entry in data], links[0])]
    lines += [
        (one["name"], one["color"], one["values"], links[n])
        for n, one in enumerate(config.get("series", ()), 1)
    ]
    unit, ticks = _scale(max((value or 0 for _, _, values, _ in lines for value in values), default=0), 4)
    out = [_grid(left, right, base, top, unit, ticks, " %")]
    step = (right - left) / max(1, len(data) - 1)
    every = _every(step, 38)
    out += [
        _label(left + step * n, 163, entry.label)
        for n, entry in enumerate(data) if (len(data) - 1 - n) % every == 0
    ]  # fmt: skip
    ends: list[float] = []
    for k, (name, _, values, addresses) in reversed(list(enumerate(lines))):
        points = [
            (left + step * n, base - (base - top) * (values[n] or 0) / (unit * ticks), n)
            for n in range(len(data)) if config["n"][name][n]
        ]  # fmt: skip
        if not points:
            continue
        main = "ln" if k == 0 else "ln-2"
        out.append(f'<path class="{main}" d="{_path([(x, y) for x, y, _ in points])}"/>')
        for x, y, n in points:
            said = f"{name}, {data[n].label}: {values[n]} % of {config['n'][name][n]:,}"
            out.append(_dot(x, y, addresses[n], said, "dot" if k == 0 else "dot dot-2"))
        x, y, n = points[-1]
        y = next((end + 14 for end in ends if abs(end - y) < 12), y)
        ends.append(y)
        out.append(
            _label(
                right + 8,
                y + 4,
                f"{name} {values[n]} %" if len(lines) > 1 else f"{values[n]} %",
                "b",
                "start",
            )
        )
    return width, height, "".join(out)


def _rows(chart: Chart, links: Links, narrow: bool) -> tuple[int, int, str]:
    """One line for each label: its parts side by side, and how many in all."""
    data, config = chart.chart_data.data, chart.chart_data.display_config or {}
    totals = config.get("totals") or [entry.value for entry in data]
    width, left = 352, 112
    longest, most = width - left - 44, max(totals, default=0) or 1
    out = []
    for n, entry in enumerate(data):
        y, x = 32 * n + 9, float(left)
        out.append(f'<text class="soft-t" x="0" y="{y + 11}">{escape(_cut(entry.label))}</text>')
        parts = [(entry.value, entry.color, config["name"])]
        parts += [(one["values"][n], one["color"], one["name"]) for one in config.get("series", ())]
        for (value, color, name), addresses in zip(parts, links, strict=True):
            if value:
                long = longest * value / most
                said = f"{entry.label}, {name}: {value:,}"
                out.append(_bar(x, y, max(long - 1.5, 1), 14, color, addresses[n], said))
                x += long
        out.append(f'<text class="b" x="{x + 8:.1f}" y="{y + 11}">{totals[n]:,}</text>')
    return width, max(32 * len(data), 32), "".join(out)


def _ring(chart: Chart, links: Links, narrow: bool) -> tuple[int, int, str]:
    """A ring of segments, and how many in all in its middle."""
    data = [(entry, link) for entry, link in zip(chart.chart_data.data, links[0], strict=True) if entry.value]
    total = sum(entry.value for entry, _ in data)
    angle, out = 0.0, []
    for entry, link in data:
        sweep = 2 * math.pi * entry.value / total
        gap = 0.011 if len(data) > 1 else 0
        start, end = angle + min(gap, sweep / 3), angle + sweep - min(gap, sweep / 3)
        said = f"{entry.label}: {entry.value:,}"
        out.append(_linked(f'<path class="{CLASSES[entry.color]}" d="{_segment(start, end)}"/>', link, said))
        angle += sweep
    size = "big" if total < 100_000 else "middling"
    out.append(f'<text class="b {size}" x="76" y="80" text-anchor="middle">{total:,}</text>')
    out.append(_label(76, 98, "issue" if total == 1 else "issues"))
    return 152, 152, "".join(out)


def _segment(start: float, end: float) -> str:
    end = min(end, start + 2 * math.pi - 0.001)

    def at(radius: int, angle: float) -> str:
        return f"{76 + radius * math.sin(angle):.2f} {76 - radius * math.cos(angle):.2f}"

    large = int(end - start > math.pi)
    return (
        f"M{at(74, start)}A74 74 0 {large} 1 {at(74, end)}L{at(50, end)}A50 50 0 {large} 0 {at(50, start)}Z"
    )


_LAYOUTS = {
    "columns": _columns,
    "stacked": _stacked,
    "histogram": _histogram,
    "lines": _lines,
    "rows": _rows,
    "ring": _ring,
}


def _parts(chart: Chart) -> list[tuple[list[int], str, str]]:
    config, data = chart.chart_data.display_config or {}, chart.chart_data.data
    color = data[0].color if data else "#86887e"
    first = ([entry.value for entry in data], color, str(config.get("name", "")))
    return [first, *((one["values"], one["color"], one["name"]) for one in config.get("series", ()))]


def _scale(most: int, ticks: int = 0) -> tuple[int, int]:
    """(step, number of steps) of an axis from zero with round steps, at most five lines; `ticks` fixes the number."""
    for power in range(19):
        for factor in (1, 2, 3, 4, 5, 6, 8):
            unit = factor * 10**power
            if unit * (ticks or 4) >= max(most, 1):
                return unit, ticks or max(1, -(-max(most, 1) // unit))
    raise ValueError(most)


def _grid(left: int, right: int, base: int, top: int, unit: int, ticks: int, sign: str = "") -> str:
    out = []
    for n in range(ticks + 1):
        y = _at(n, ticks, base, top)
        kind = "grid" if n else "base"
        out.append(f'<line class="{kind}" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{_number(n * unit)}{sign}</text>')
    return "".join(out)


def _at(n: int, ticks: int, base: int, top: int) -> float:
    return base - (base - top) * n / ticks


def _bar(
    x: float, y: float, wide: float, tall: float, color: str, link: str, said: str, *, round_: float = 2
) -> str:
    if tall <= 0:
        return ""
    rect = f'<rect class="{CLASSES[color]}" x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{tall:.1f}" rx="{min(round_, tall / 2):.1f}"/>'
    return _linked(rect, link, said)


def _dot(x: float, y: float, link: str, said: str, class_: str = "dot", reach: float = 12) -> str:
    """A point of a line. The link reaches further than the dot, as far as its neighbours leave room."""
    dot = f'<circle class="{class_}" cx="{x:.1f}" cy="{y:.1f}" r="3"/>'
    return _linked(f'{dot}<circle class="hit" cx="{x:.1f}" cy="{y:.1f}" r="{reach:.1f}"/>', link, said)


def _linked(shape: str, link: str, said: str) -> str:
    if not link:
        return shape
    # Out of the tab order: the table below has the same links, with words.
    return f'<a href="{escape(link)}" tabindex="-1"><title>{escape(said)}</title>{shape}</a>'


def _label(x: float, y: float, text: str, class_: str = "", anchor: str = "middle") -> str:
    named = f' class="{class_}"' if class_ else ""
    return f'<text{named} x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _every(slot: float, wide: float = 54) -> int:
    """Every how many labels there is room for one, `wide` with the space beside it."""
    return max(1, math.ceil(wide / slot))


def _line_class(color: str) -> str:
    return "ln" if color == "#2a46bf" else "ln-2"


def _number(value: int) -> str:
    if value >= 1_000_000:
        return f"{value / 1_000_000:g}M"
    return f"{value / 1000:g}k" if value >= 10_000 else f"{value:,}"


def _cut(text: str) -> str:
    return text if len(text) <= 18 else text[:17] + "…"
