"""Telemetry with the anomaly in it, as CSV, plot and report, and the numbers that the texts quote."""

import csv
import io
import math
import random
import zlib
from dataclasses import dataclass
from functools import cache

from PIL import Image, ImageDraw, ImageFont

PAPER, INK, GRID, LINE, LIMIT, BAND = "#ffffff", "#50524b", "#e3e3dc", "#2a46bf", "#a91f35", "#fae5d8"
WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 720, 320, 64, 34, 16, 32  # pixels of a plot
NOISE = 7919  # samples


@dataclass(frozen=True, slots=True)
class Shape:
    """What a channel does: around `base` with `noise`, and then the anomaly, up or down to about `peak`.

    The witness is a second channel of the same file, which does not move.
    """

    column: str
    unit: str
    base: float
    noise: float
    peak: float
    limit: float
    kind: str = "dip"  # dip, step, burst, ramp, spike, flap or drift
    rate: float = 10.0  # samples a second
    seconds: float = 120.0
    witness: str = "board_temp_c"
    witness_base: float = 24.0
    witness_noise: float = 0.05

    @property
    def is_down(self) -> bool:
        return self.peak < self.base


@dataclass(frozen=True, slots=True)
class Signal:
    """A measured channel with what can be said of it; every number is read back from the written values."""

    shape: Shape
    times: list[float]
    values: list[float]
    witness: list[float]
    begin: float  # seconds, first sample beyond the limit
    end: float  # seconds, last one
    duration: float  # seconds beyond the limit, all together
    extreme: float
    at: float  # seconds, where the extreme is

    def csv(self) -> bytes:
        """time_s, the channel, and the witness."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(["time_s", self.shape.column, self.shape.witness])
        for time, value, other in zip(self.times, self.values, self.witness, strict=True):
            writer.writerow([f"{time:.2f}", f"{value:.3f}", f"{other:.3f}"])
        return out.getvalue().encode()

    def plot(self) -> Image.Image:
        """The channel over time, with axes, the limit and the anomalous span."""
        image = Image.new("RGB", (WIDTH, HEIGHT), PAPER)
        draw, font = ImageDraw.Draw(image), _font(12)
        low, high = min(*self.values, self.shape.limit), max(*self.values, self.shape.limit)
        margin = (high - low or 1) * 0.1
        low, high = low - margin, high + margin
        right, bottom = WIDTH - RIGHT, HEIGHT - BOTTOM

        def x(time: float) -> float:
            return LEFT + (right - LEFT) * time / self.times[-1]

        def y(value: float) -> float:
            return TOP + (bottom - TOP) * (high - value) / (high - low)

        draw.rectangle((x(self.begin), TOP, x(self.end) + 2, bottom), fill=BAND)
        for n in range(5):
            value, time = low + (high - low) * n / 4, self.times[-1] * n / 4
            draw.line((LEFT, y(value), right, y(value)), fill=GRID)
            draw.text((LEFT - 8, y(value)), f"{value:.3g}", fill=INK, font=font, anchor="rm")
            draw.text((x(time), bottom + 8), f"{time:.0f} s", fill=INK, font=font, anchor="mt" if n else "lt")
        for dash in range(LEFT, right, 12):
            draw.line((dash, y(self.shape.limit), dash + 7, y(self.shape.limit)), fill=LIMIT)
        points = [(x(time), y(value)) for time, value in zip(self.times, self.values, strict=True)]
        draw.line(points, fill=LINE, width=2)
        caption = f"{self.shape.column} in {self.shape.unit}, limit {self.shape.limit:g}"
        draw.text((LEFT, 10), caption, fill=INK, font=_font(13))
        return image

    def png(self) -> bytes:
        """The plot, in the few colours it has."""
        out = io.BytesIO()
        self.plot().quantize(32, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(out, "PNG")
        return out.getvalue()

    def pdf(self, title: str, lines: list[str]) -> bytes:
        """A report of one page: a title, what was measured, and the plot. The text can be searched and copied."""
        plot = self.plot()
        words = [f"BT /F1 13 Tf 56 780 Td ({_escaped(title[:80])}) Tj ET"]
        words += [
            f"BT /F2 10 Tf 56 {750 - 16 * n} Td ({_escaped(line)}) Tj ET" for n, line in enumerate(lines)
        ]
        words.append(f"q 483 0 0 {483 * HEIGHT / WIDTH:.0f} 56 {500 - 16 * len(lines)} cm /Plot Do Q")
        page = "\n".join(words).encode("cp1252", "replace")
        pixels = zlib.compress(plot.tobytes())
        font = "<< /Type /Font /Subtype /Type1 /BaseFont /%s /Encoding /WinAnsiEncoding >>"
        resources = "<< /Font << /F1 4 0 R /F2 5 0 R >> /XObject << /Plot 6 0 R >> >>"
        image = f"/Type /XObject /Subtype /Image /Width {WIDTH} /Height {HEIGHT} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode"
        return _pdf_file(
            [
                b"<< /Type /Catalog /Pages 2 0 R >>",
                b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
                f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources {resources} /Contents 7 0 R >>".encode(),
                (font % "Helvetica-Bold").encode(),
                (font % "Helvetica").encode(),
                _stream(image, pixels),
                _stream("", page),
            ]
        )


def _stream(about: str, content: bytes) -> bytes:
    return f"<< {about} /Length {len(content)} >>\nstream\n".encode() + content + b"\nendstream"


def _pdf_file(objects: list[bytes]) -> bytes:
    """The objects, numbered from 1, as a PDF file with its table of where each begins."""
    out = io.BytesIO(b"%PDF-1.4\n")
    out.seek(0, io.SEEK_END)
    places = []
    for number, content in enumerate(objects, 1):
        places.append(out.tell())
        out.write(f"{number} 0 obj\n".encode() + content + b"\nendobj\n")
    table = out.tell()
    rows = "".join(f"{place:010} 00000 n \n" for place in places)
    out.write(f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{rows}".encode())
    out.write(f"trailer << /Size {len(objects) + 1} /Root 1 0 R >>\nstartxref\n{table}\n%%EOF\n".encode())
    return out.getvalue()


def _escaped(text: str) -> str:
    """Text for a PDF string in Windows' Western signs, which have no true minus and no double prime."""
    text = text.replace("−", "–").replace("″", '"').replace("Ω", "Ohm")
    return text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")


@cache
def _font(size: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    return ImageFont.load_default(size)


@cache
def _noise() -> list[float]:
    """Enough of it that nobody sees where it begins again; made once, as it is what takes longest."""
    dice = random.Random(1)  # noqa: S311 - noise, not a secret
    return [dice.gauss(0, 1) for _ in range(NOISE)]


def measure(shape: Shape, dice: random.Random) -> Signal:
    """Make the channel, then read from its written values when and how far it went beyond the limit."""
    n = int(shape.rate * shape.seconds)
    start, length = int(n * dice.uniform(0.45, 0.6)), int(n * dice.uniform(0.08, 0.2))
    size = (shape.peak - shape.base) * dice.uniform(0.93, 1.05)
    noise, offset = _noise(), dice.randrange(NOISE)
    values, witness = [], []
    for k in range(n):
        share = _share(shape.kind, (k - start) / length, k)
        wave = 0.6 * math.sin(k / 23) + noise[(k + offset) % NOISE]
        values.append(round(shape.base + shape.noise * wave + size * share, 3))
        witness.append(round(shape.witness_base + shape.witness_noise * noise[(3 * k + offset) % NOISE], 3))
    times = [round(k / shape.rate, 2) for k in range(n)]
    beyond = [
        k for k, value in enumerate(values) if (value < shape.limit if shape.is_down else value > shape.limit)
    ]
    where = (min if shape.is_down else max)(range(n), key=values.__getitem__)
    first, last = (beyond[0], beyond[-1]) if beyond else (where, where)
    duration = round(len(beyond) / shape.rate, 2)
    return Signal(
        shape, times, values, witness, times[first], times[last], duration, values[where], times[where]
    )


def _share(kind: str, within: float, k: int) -> float:
    """How much of the anomaly there is at this point of it (0 before and after, for most kinds)."""
    match kind:
        case "step":
            return min(1.0, max(0.0, within * 8))
        case "ramp":
            return min(1.0, max(0.0, within / 2))
        case "drift":
            return max(0.0, 1 - math.exp(-max(0.0, within + 2) / 1.5))
        case "spike":
            return math.exp(-within * 4) if within >= 0 else 0.0
        case "flap":
            return 1.0 if 0 <= within <= 1 and math.sin(k / 5.0) > -0.3 else 0.0
        case "burst":
            return abs(math.sin(k / 3.0)) if 0 <= within <= 1 else 0.0
    return math.sin(math.pi * within) ** 0.6 if 0 < within < 1 else 0.0
