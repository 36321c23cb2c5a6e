"""Telemetry with the anomaly in it, as CSV and as a plot, and the numbers that the texts quote."""

import csv
import io
import math
import random
from dataclasses import dataclass

from PIL import Image, ImageDraw

PAPER, INK, GRID, LINE, LIMIT, BAND = "#ffffff", "#50524b", "#e3e3dc", "#2a46bf", "#a91f35", "#fae5d8"


@dataclass(frozen=True, slots=True)
class Shape:
    """What a channel does: around `base` with `noise`, and then the anomaly, up or down to about `peak`."""

    column: str
    unit: str
    base: float
    noise: float
    peak: float
    limit: float
    kind: str = "dip"  # dip, step, burst, ramp or gap
    rate: float = 10.0  # samples a second
    seconds: float = 120.0


@dataclass(frozen=True, slots=True)
class Signal:
    """A measured channel with what can be said of it; every number is read back from the written values."""

    shape: Shape
    times: list[float]
    values: list[float]
    begin: float  # seconds, first sample beyond the limit
    duration: float  # seconds beyond the limit
    extreme: float
    at: float  # seconds, where the extreme is

    def csv(self) -> bytes:
        """time_s, the channel, and a second one that does not move."""
        steady = random.Random(len(self.values))  # noqa: S311 - noise, not a secret
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["time_s", self.shape.column, "board_temp_c"])
        for time, value in zip(self.times, self.values, strict=True):
            writer.writerow([f"{time:.2f}", f"{value:.3f}", f"{24 + steady.gauss(0, 0.05):.2f}"])
        return out.getvalue().encode()

    def png(self) -> bytes:
        """A plot with axes, the limit and the anomalous span."""
        width, height, left, bottom = 720, 320, 56, 32
        image = Image.new("RGB", (width, height), PAPER)
        draw = ImageDraw.Draw(image)
        low, high = min(*self.values, self.shape.limit), max(*self.values, self.shape.limit)
        margin = (high - low or 1) * 0.1
        low, high = low - margin, high + margin

        def x(time: float) -> float:
            return left + (width - left - 16) * time / self.times[-1]

        def y(value: float) -> float:
            return 16 + (height - 16 - bottom) * (high - value) / (high - low)

        draw.rectangle((x(self.begin), 16, x(self.begin + self.duration) + 2, height - bottom), fill=BAND)
        for n in range(5):
            value = low + (high - low) * n / 4
            draw.line((left, y(value), width - 16, y(value)), fill=GRID)
            draw.text((8, y(value) - 6), f"{value:.3g}", fill=INK)
            draw.text(
                (x(self.times[-1] * n / 4) - 8, height - bottom + 8),
                f"{self.times[-1] * n / 4:.0f} s",
                fill=INK,
            )
        for dash in range(left, width - 16, 12):
            draw.line((dash, y(self.shape.limit), dash + 7, y(self.shape.limit)), fill=LIMIT, width=1)
        points = [(x(time), y(value)) for time, value in zip(self.times, self.values, strict=True)]
        draw.line(points, fill=LINE, width=2)
        out = io.BytesIO()
        image.save(out, "PNG", optimize=True)
        return out.getvalue()

    def pdf(self, title: str) -> bytes:
        """A one-page report with the plot."""
        page = Image.new("RGB", (827, 1169), PAPER)
        page.paste(Image.open(io.BytesIO(self.png())), (54, 160))
        draw = ImageDraw.Draw(page)
        draw.text((54, 64), title[:100].encode("latin-1", "replace").decode("latin-1"), fill="#191a18")
        words = f"{self.shape.column}: extreme {self.extreme:.2f} at {self.at:.1f} s, limit {self.shape.limit:g}, beyond it for {self.duration:.1f} s"
        draw.text((54, 96), words, fill=INK)
        out = io.BytesIO()
        page.save(out, "PDF", resolution=100)
        return out.getvalue()


def measure(shape: Shape, dice: random.Random) -> Signal:
    """Make the channel, then read from its written values when and how far it went beyond the limit."""
    n = int(shape.rate * shape.seconds)
    start, length = int(n * dice.uniform(0.45, 0.6)), int(n * dice.uniform(0.08, 0.2))
    values = []
    for k in range(n):
        within = (k - start) / length
        share = _share(shape.kind, within, k)
        wave = 0.6 * shape.noise * math.sin(k / 23)
        values.append(
            round(shape.base + wave + dice.gauss(0, shape.noise) + (shape.peak - shape.base) * share, 3)
        )
    times = [round(k / shape.rate, 2) for k in range(n)]
    down = shape.peak < shape.base
    beyond = [k for k, value in enumerate(values) if (value < shape.limit if down else value > shape.limit)]
    where = min(range(n), key=values.__getitem__) if down else max(range(n), key=values.__getitem__)
    first, last = (beyond[0], beyond[-1]) if beyond else (where, where)
    return Signal(
        shape,
        times,
        values,
        times[first],
        round((last - first + 1) / shape.rate, 1),
        values[where],
        times[where],
    )


def _share(kind: str, within: float, k: int) -> float:
    """How much of the anomaly there is at this point of it (0 before and after, for most kinds)."""
    match kind:
        case "step":
            return min(1.0, max(0.0, within * 8))
        case "ramp":
            return min(1.0, max(0.0, within / 2))
        case "burst":
            return abs(math.sin(k / 3.0)) if 0 <= within <= 1 else 0.0
    return math.sin(math.pi * within) ** 0.6 if 0 < within < 1 else 0.0
