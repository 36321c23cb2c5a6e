"""Curves as SVG: geometry in attributes, colour by class, so that a strict policy holds. Pure Python, for every page.

A bucket is drawn as a stroke from its lowest to its highest value, so a spike of one sample is seen at any width.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from statistics import median

from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from .signals import GAP, Curve

LEFT, MARGIN = 34, 8  # of a plot: at least so much for the axis, and what is left free at the right
DIGIT = 7  # width of a digit of its labels
TRACE = (240, 32)  # drawn 28 px high on a card
TRACE_BUCKETS = 60  # enough for the shape; a board carries a hundred of these
_MINUS, _THIN = "−", " "


@dataclass(frozen=True, slots=True)
class Limit:
    """A horizontal line that the signal should not cross."""

    value: float
    label: str = "Limit"


@dataclass(frozen=True, slots=True)
class Frame:
    """What a plot shows besides its curve."""

    title: str
    unit: str = ""
    x_unit: str = "s"
    is_clock: bool = False
    limits: tuple[Limit, ...] = ()
    span: tuple[float, float] | None = None  # the anomaly, in x
    mark: tuple[float, float] | None = None  # the extreme: x and exact value
    step: float = 0.0  # usual distance of samples; larger holes break the line
    width: int = 352
    height: int = 176
    identity: str = "plot"  # makes ids of the page unique


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where a signal is beyond a limit: the longest such stretch, and on which side of it that is."""

    begin: float
    end: float
    is_below: bool


def crossing(curve: Curve, limit: float) -> Crossing | None:
    """The longest stretch beyond the limit; None if there is none.

    Tests begin in order: beyond is the side on which the first quarter mostly is not, and what a recording begins with
    counts only if nothing later does. Holes of an oscillation belong to it, up to a fortieth of the recording.
    """
    middles = [(low + high) / 2 for low, high in zip(curve.lows, curve.highs, strict=True)]
    begin = [value for value in middles[: max(4, len(middles) // 4)] if value == value]
    is_below = median(begin or [value for value in middles if value == value] or [limit]) >= limit
    bridge = max(1, len(middles) // 40)
    runs: list[list[int]] = []  # first and last bucket, and how many of them are beyond
    for n, value in enumerate(curve.lows if is_below else curve.highs):
        if not (value < limit if is_below else value > limit):
            continue
        if runs and n - runs[-1][1] <= bridge + 1:
            runs[-1][1:] = [n, runs[-1][2] + 1]
        else:
            runs.append([n, n, 1])
    if not runs:
        return None
    first, last, _ = max(runs, key=lambda run: (run[0] > 0, run[2]))
    return Crossing(curve.xs[first], [*curve.xs[1:], curve.x_end][last], is_below)


def trace(curve: Curve, span: tuple[float, float] | None, step: float) -> str:
    """The small drawing on a card: the line, its anomalous part hot, the span behind it. The same for every viewer."""
    width, height = TRACE
    curve = thin(curve, TRACE_BUCKETS)
    scale = _Scale(curve, width, height, 0, 4, width, height - 4)
    curve = _calm(curve, 0.12 * (scale.high - scale.low))
    band, parts = "", []
    if span is not None:
        left, right = scale.x(span[0]), scale.x(span[1])
        band = f'<rect class="band" x="{left:.0f}" y="0" width="{max(4, right - left):.0f}" height="{height}" rx="2"/>'
        parts = [(-math.inf, span[0], ""), (span[0], span[1], " hot"), (span[1], math.inf, "")]
    else:
        parts = [(-math.inf, math.inf, "")]
    lines = "".join(
        f'<path class="ln{hot}" d="{path}"/>'
        for begin, end, hot in parts
        if (path := _path(_between(curve, begin, end), scale, step, digits=0))
    )
    return f'<svg class="trace" viewBox="0 0 {width} {height}" preserveAspectRatio="none" aria-hidden="true">{band}{lines}</svg>'


def plot(curve: Curve, frame: Frame) -> SafeString:
    """The curve with axes, limits, the anomalous span and the marked extreme, and a sentence that says the same."""
    top, right, bottom = 8, frame.width - MARGIN, frame.height - 24
    must_show = [limit.value for limit in frame.limits]
    scale = _Scale(curve, frame.width, frame.height, LEFT, top, right, bottom, must_show)
    ticks = nice_ticks(scale.low, scale.high, 5 if frame.height < 240 else 7)
    left = max(LEFT, max(len(number(tick, ticks)) for tick in ticks) * DIGIT + 8)
    scale = _Scale(curve, frame.width, frame.height, left, top, right, bottom, must_show)
    out = [
        f'<svg class="chart" viewBox="0 0 {frame.width} {frame.height}" data-left="{left}" role="img" '
        f'aria-labelledby="{frame.identity}-t {frame.identity}-d"><title id="{frame.identity}-t">{escape(frame.title)}</title>'
        f'<desc id="{frame.identity}-d">{escape(sentence(curve, frame))}</desc>'
    ]
    if frame.span is not None:
        begin, end = max(left, scale.x(frame.span[0])), min(right, scale.x(frame.span[1]))
        if end > begin:
            out.append(f'<rect class="band" x="{begin:.1f}" y="{top}" width="{max(2, end - begin):.1f}" height="{bottom - top}"/>')  # fmt: skip
    for n, tick in enumerate(ticks):
        y = scale.y(tick)
        words = number(tick, ticks) + (f" {frame.unit}" if n == len(ticks) - 1 and frame.unit else "")
        out.append(f'<line class="grid" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        # The unit makes the top label long: it begins at the edge instead of ending at the axis.
        place = f'x="{left - 6}" text-anchor="end"' if " " not in words or len(words) < 6 else 'x="0"'
        out.append(f'<text {place} y="{y + 4:.1f}">{escape(words)}</text>')
    for at, words, anchor in _x_labels(curve, frame, scale):
        out.append(f'<text x="{at:.1f}" y="{frame.height - 6}" text-anchor="{anchor}">{escape(words)}</text>')
    for limit in frame.limits:
        y = scale.y(limit.value)
        words = f"{limit.label} {number(limit.value)} {frame.unit}".strip()
        out.append(f'<line class="limit" x1="{left}" x2="{right}" y1="{y:.1f}" y2="{y:.1f}"/>')
        out.append(
            f'<text class="lim-t" x="{left + 6}" y="{y - 5 if y > top + 14 else y + 13:.1f}">{escape(words)}</text>'
        )
    out.append(f'<path class="ln ln-thin" d="{_path(curve, scale, frame.step, digits=1)}"/>')
    if frame.mark is not None and scale.left_x <= frame.mark[0] <= scale.right_x:
        x, y = scale.x(frame.mark[0]), scale.y(frame.mark[1])
        words = f"{number(float(f'{frame.mark[1]:.4g}'))} {frame.unit}".strip()
        before = x > frame.width * 0.72
        side = f'x="{x - 10:.1f}" text-anchor="end"' if before else f'x="{x + 10:.1f}"'
        out.append(f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="4"/>')
        out.append(f'<text class="b" {side} y="{min(bottom - 2, y + 14):.1f}">{escape(words)}</text>')  # fmt: skip
    out.append("</svg>")
    return mark_safe("".join(out))  # noqa: S308 - numbers and escaped text


def sentence(curve: Curve, frame: Frame) -> str:
    """What the plot shows, for those who do not see it."""
    there = [(low, high) for low, high in zip(curve.lows, curve.highs, strict=True) if low == low]
    if not there:
        return "There is no value in this stretch."
    unit = f" {frame.unit}" if frame.unit else ""
    low, high = min(low for low, _ in there), max(high for _, high in there)
    words = f"From {number(low)}{unit} to {number(high)}{unit}, between {moment(curve.xs[0], frame)} and {moment(curve.x_end, frame)}."
    if frame.mark is not None:
        words += f" The extreme is {number(frame.mark[1])}{unit} at {moment(frame.mark[0], frame)}."
    for limit in frame.limits:
        crossed = low < limit.value < high
        words += f" {limit.label} {number(limit.value)}{unit} is {'crossed' if crossed else 'not crossed'}."
    if frame.span is not None:
        words += f" The anomaly is between {moment(frame.span[0], frame)} and {moment(frame.span[1], frame)}."
    return words


def thin(curve: Curve, buckets: int) -> Curve:
    """The same stretch in at most `buckets` buckets."""
    group = math.ceil(len(curve.xs) / buckets)
    if group <= 1:
        return curve
    starts = range(0, len(curve.xs), group)
    return Curve(
        [curve.xs[n] for n in starts],
        [min((v for v in curve.lows[n : n + group] if v == v), default=math.nan) for n in starts],
        [max((v for v in curve.highs[n : n + group] if v == v), default=math.nan) for n in starts],
        curve.x_end,
    )


def _calm(curve: Curve, noise: float) -> Curve:
    """A bucket whose values lie close together becomes their middle: noise would draw stairs at this size."""
    pairs = [
        ((low + high) / 2,) * 2 if high - low < noise else (low, high)
        for low, high in zip(curve.lows, curve.highs, strict=True)
    ]
    return Curve(curve.xs, [low for low, _ in pairs], [high for _, high in pairs], curve.x_end)


class _Scale:
    """From values to places in the drawing."""

    def __init__(
        self, curve: Curve, width: int, height: int, left: float, top: float, right: float, bottom: float,
        must_show: Sequence[float] = (),
    ) -> None:  # fmt: skip
        there = [v for v in [*curve.lows, *curve.highs, *must_show] if v == v]
        low, high = (min(there), max(there)) if there else (0.0, 1.0)
        if low == high:
            low, high = low - (abs(low) or 1) * 0.05, high + (abs(high) or 1) * 0.05
        margin = (high - low) * (0.08 if must_show or left else 0.02)
        self.low, self.high = low - margin, high + margin
        self.left_x = curve.xs[0] if curve.xs else 0.0
        self.right_x = max(curve.x_end, self.left_x)
        self._left, self._top, self._right, self._bottom = left, top, right, bottom

    def x(self, value: float) -> float:
        return self._left + (self._right - self._left) * (value - self.left_x) / (
            (self.right_x - self.left_x) or 1
        )

    def y(self, value: float) -> float:
        return self._top + (self._bottom - self._top) * (self.high - value) / (self.high - self.low)


def _between(curve: Curve, begin: float, end: float) -> Curve:
    """The part of a curve, with one bucket more at its end so that neighbouring parts meet."""
    inside = [n for n, x in enumerate(curve.xs) if begin <= x <= end]
    if not inside:
        return Curve([], [], [], curve.x_end)
    part = slice(max(0, inside[0] - (begin > -math.inf)), inside[-1] + 1)
    return Curve(curve.xs[part], curve.lows[part], curve.highs[part], curve.x_end)


def _path(curve: Curve, scale: _Scale, step: float, *, digits: int) -> str:
    """The line through all lows and highs in the order that keeps it short; broken where samples are missing."""
    usual = (curve.xs[-1] - curve.xs[0]) / (len(curve.xs) - 1) if len(curve.xs) > 1 else 0.0
    hole = max(GAP * step, 1.6 * usual)
    unit = 10**digits
    out: list[str] = []
    at_x = at_y = 0
    last_x, last_y = math.nan, math.nan
    for x, low, high in zip(curve.xs, curve.lows, curve.highs, strict=True):
        if low != low:
            last_x = math.nan
            continue
        px = round(scale.x(x) * unit)
        ends = (
            [low] if low == high else [low, high] if abs(low - last_y) <= abs(high - last_y) else [high, low]
        )
        broken = not (x - last_x <= hole)
        for value in ends:
            py = round(scale.y(value) * unit)
            if broken:
                out.append(f"M{px / unit:g} {py / unit:g}")
                broken = False
            elif (px, py) != (at_x, at_y):
                out.append(f"l{(px - at_x) / unit:g} {(py - at_y) / unit:g}")
            at_x, at_y = px, py
        last_x, last_y = x, ends[-1]
    return "".join(out)


def nice_ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` round numbers between low and high: steps of 1, 2, 2.5 or 5 times a power of ten."""
    reach = high - low
    if not math.isfinite(reach) or reach <= 0:
        return [low]
    power = 10 ** math.floor(math.log10(reach / most))
    for factor in (1, 2, 2.5, 5, 10, 20):
        step = factor * power
        first = math.ceil(low / step - 1e-9)
        count = math.floor(high / step + 1e-9) - first + 1
        if count <= most:
            return [round((first + n) * step, 12) for n in range(max(1, count))]
    return [low]


def number(value: float, among: Sequence[float] = ()) -> str:
    """`−1,234.5`: true minus, comma for thousands, as many digits as the neighbours need or the value has."""
    if among and len(among) > 1:
        step = abs(among[1] - among[0])
        places = max(0, -math.floor(math.log10(step) + 1e-9)) if step else 0
        places += abs(round(step, places) - step) > step * 1e-6
        words = f"{value:,.{min(places, 9)}f}"
    elif value and not 1e-4 <= abs(value) < 1e9:
        words = f"{value:.3g}"
    else:
        words = f"{float(f'{value:.6g}'):,.6f}".rstrip("0").rstrip(".")
    return words.replace("-", _MINUS)


def moment(x: float, frame: Frame) -> str:
    """A place on the x axis in words: `1,515 s`, a time of day, or a row."""
    if frame.is_clock:
        return datetime.fromtimestamp(x, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    return f"{number(x)} {frame.x_unit}" if frame.x_unit else f"row {number(x)}"


def _x_labels(curve: Curve, frame: Frame, scale: _Scale) -> list[tuple[float, str, str]]:
    begin, end = scale.left_x, scale.right_x
    if frame.is_clock:
        reach = end - begin
        form = "%H:%M:%S" if reach < 7200 else "%H:%M" if reach < 172_800 else "%d %b"
        places = [begin + reach * n / 3 for n in range(4)]
        words = [datetime.fromtimestamp(x, UTC).strftime(form) for x in places]
    else:
        places = nice_ticks(begin, end, 5 if frame.width < 500 else 9)
        words = [number(x, places) for x in places]
        if words and frame.x_unit:
            words[-1] += f" {frame.x_unit}"
    last = len(places) - 1
    return [
        (scale.x(x), word, "end" if n == last and scale.x(x) > frame.width - 40 else "start" if n == 0 and scale.x(x) < 40 else "middle")
        for n, (x, word) in enumerate(zip(places, words, strict=True))
    ]  # fmt: skip
