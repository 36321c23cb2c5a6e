"""Evidence to look at: the plot on the issue page, and a page for each file that shows it without downloading it."""

import math
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

from django.core.files.storage import default_storage
from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from issues.blocks.read import Plot, read_blocks
from issues.evidence import pdf_pages
from issues.evidence.plot import Frame, Limit, crossing, moment, number, plot, thin
from issues.evidence.serving import known_already, picture_made, serve_derived
from issues.evidence.signals import Curve, Prepared
from issues.evidence.text import CHUNK, lines_from
from issues.models import Attachment, Channel, FileKind, Issue, Reading, ReadingState

from .htmx import PageRequest, wants_fragment

TABS_MAX = 6  # columns offered under the plot of an issue; the file's page has all
FILES_MAX = 20  # files offered there; the others have their tiles
SHOWN_AT_ONCE = 4  # curves on a file's page without asking for others
CURVES_MAX = 16  # at most, whatever is asked for
WIDE, NARROW = (1040, 260), (326, 200)
ROWS = 50  # of the table under a curve
LINES = 500  # of a text on one page


@dataclass(frozen=True, slots=True)
class Drawable:
    """The files of an issue that can be drawn, in their order. A plot block names one; of two of a name the last."""

    files: tuple[tuple[Attachment, Reading], ...] = ()

    def named(self, name: str) -> tuple[Attachment, Reading] | None:
        return next((one for one in reversed(self.files) if one[0].name == name), None)

    def with_id(self, uuid: UUID | None) -> tuple[Attachment, Reading] | None:
        return next((one for one in self.files if one[0].uuid == uuid), None)


@dataclass(frozen=True, slots=True)
class Asked:
    """Which figure a page asks for: `?file=<uuid>&column=3`, either of them."""

    file: UUID | None = None
    column: int | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """A drawn column with what stands around it."""

    svg: SafeString
    file: Attachment
    column: str
    facts: str  # "24,000 rows, 10 Hz"
    tabs: list[tuple[str, int, bool]] = field(default_factory=list)  # name, position, whether it is drawn
    others: int = 0  # columns beside those of the tabs
    files: list[Attachment] = field(default_factory=list)  # that can be drawn, if there are several


def figure_of(ready: Drawable, first: Plot | None, asked: Asked | None = None) -> Figure | None:
    """The most telling column of the first file that can be drawn; what the description's `first` plot says goes first.

    `asked` is for another file, or another column of one.
    """
    asked = asked or Asked()
    usual = ready.named(first.file) if first else next(iter(ready.files), None)
    chosen = ready.with_id(asked.file) or usual
    if chosen is None:
        return None
    about = first if first and chosen == usual else None
    figure = _figure(*chosen, about, asked.column)
    if figure is None or len(ready.files) == 1:
        return figure
    offered = [file for file, _ in ready.files[:FILES_MAX]]
    return replace(figure, files=offered if figure.file in offered else [*offered[:-1], figure.file])


def asked_figure(request: PageRequest) -> Asked | None:
    """None where the address asks for nothing, or for what is neither a file nor a column."""
    column, file = request.GET.get("column", ""), request.GET.get("file", "")
    is_column = column.isascii() and column.isdecimal() and len(column) < 5
    try:
        uuid = UUID(file) if file else None
    except ValueError:
        uuid = None
    asked = Asked(uuid, int(column) if is_column else None)
    return None if asked == Asked() else asked


def lifted(issue: Issue, ready: Drawable) -> Plot | None:
    """The plot block that stands under Evidence, the proof beside the claim: the first that can be drawn."""
    if not ready.files:
        return None
    plots = (node for node in read_blocks(issue.blocks) if isinstance(node, Plot))
    return next((node for node in plots if ready.named(node.file)), None)


def drawable(attachments: Sequence[Attachment], readings: Mapping[int, Reading]) -> Drawable:
    """Those of these files that have been read and have columns."""
    found = ((file, readings.get(file.pk)) for file in attachments)
    return Drawable(
        tuple(
            (file, reading)
            for file, reading in found
            if reading and reading.kind == FileKind.TABLE and reading.state == ReadingState.READY
        )
    )


def draw_block(node: Plot, files: Drawable, lifted: Plot | None) -> SafeString | None:
    """A plot block as a figure; None when its file is not there (yet), or it is the one that stands under Evidence."""
    found = files.named(node.file)
    if found is None or node == lifted:
        return None
    file, reading = found
    # Two plots of a page must not share an id, and every process must make the same page.
    figure = _figure(file, reading, node, identity=f"block-{zlib.crc32(repr(node).encode()):08x}")
    return figure.svg if figure else None


def _figure(
    file: Attachment,
    reading: Reading,
    node: Plot | None,
    column: int | None = None,
    *,
    identity: str = "plot",
) -> Figure | None:
    channels = list(reading.channels.order_by("position").defer("lows", "highs"))
    if not channels:
        return None
    named = [channel for channel in channels if node and channel.name in node.columns]
    asked = [channel for channel in channels if channel.position == column]
    best = (asked or named or [max(channels, key=lambda channel: channel.score)])[0]
    drawn = Channel.objects.get(pk=best.pk)
    # What the block says of its columns holds for no other.
    about = node if node and (best in named or not named) else None
    curve = Curve(reading.facts["xs"], _floats(drawn.lows), _floats(drawn.highs), reading.facts["x"]["end"])
    frame = _frame(reading, drawn, identity=identity, title=(about.label if about else "") or f"{drawn.name} in {file.name}",
                   limits=tuple(Limit(value, label or "Limit") for value, label in about.limits) if about else ())  # fmt: skip
    if node and node.range:
        with default_storage.open(reading.prepared) as stored:
            curve = Prepared(cast(Any, stored)).curve(drawn.position, *node.range, frame.width)
    ordered = sorted(channels, key=lambda channel: -channel.score)[:TABS_MAX]
    first = named[0] if named else ordered[0]
    offered = list(dict.fromkeys([first, *ordered]))[:TABS_MAX]
    offered = offered if best in offered else [*offered[:-1], best]
    tabs = [(one.name, one.position, one.pk == best.pk) for one in offered]
    others = len(channels) - len(offered)
    return Figure(
        plot(curve, frame), file, drawn.name, _facts(reading), tabs if len(tabs) > 1 else [], others
    )


def _frame(reading: Reading, channel: Channel, *, limits: tuple[Limit, ...] = (), **fields: Any) -> Frame:
    """What stands around a curve. A limit that is named says where the anomaly is; else what looks unusual does."""
    x, facts = reading.facts["x"], channel.facts
    span = tuple(facts["span"]) if facts["span"] else None
    is_low = span is not None and span[0] <= (facts["low_at"] or 0) <= span[1]
    mark = span is not None
    if limits:
        whole = Curve(reading.facts["xs"], _floats(channel.lows), _floats(channel.highs), x["end"])
        found = [one for limit in limits if (one := crossing(whole, limit.value))]
        if found:
            longest = max(found, key=lambda one: one.end - one.begin)
            span, is_low, mark = (longest.begin, longest.end), longest.is_below, True
    at, extreme = (facts["low_at"], facts["low"]) if is_low else (facts["high_at"], facts["high"])
    return Frame(
        unit=channel.unit, x_unit=x["unit"], is_clock=x["clock"], limits=limits, step=x["step"] or 0.0,
        span=cast("tuple[float, float] | None", span), mark=None if None in (at, extreme) or not mark else (at, extreme),
        **fields,
    )  # fmt: skip


def _floats(values: Sequence[float | None]) -> list[float]:
    return [math.nan if value is None else value for value in values]


def _facts(reading: Reading) -> str:
    x = reading.facts["x"]
    words = f"{reading.facts['rows']:,} rows"
    if x["unit"] == "s" or x["clock"]:
        step = x["step"] or 0
        words += (
            f", {number(float(f'{1 / step:.3g}'))} Hz"
            if 0 < step <= 10
            else f", every {number(step)} s"
            if step
            else ""
        )
    return words


# Tiles


def readings_of(attachments: Sequence[Attachment]) -> dict[int, Reading]:
    """What is known of these files, in one query; in none for no files."""
    if not attachments:
        return {}
    return {reading.pk: reading for reading in Reading.objects.filter(attachment__in=attachments)}


def about(reading: Reading | None, size: str) -> str:
    """What a tile says under the name: `9 pages`, `1,200 × 800`, or the size."""
    if reading is None or reading.state in (ReadingState.WAITING, ReadingState.READING):
        return size
    facts = reading.facts
    if reading.state == ReadingState.READY:
        match reading.kind:
            case FileKind.PDF:
                return f"{facts['pages']} page{'s' if facts['pages'] != 1 else ''}"
            case FileKind.IMAGE:
                return f"{facts['width']:,} × {facts['height']:,}"
            case FileKind.ARCHIVE:
                return f"{facts['count']:,} files"
            case FileKind.TEXT:
                return f"{facts['lines']:,} lines"
    return size


# Pages


def _find(attachment_id: UUID) -> tuple[Attachment, Reading | None]:
    attachment = Attachment.objects.select_related("created_by").filter(uuid=attachment_id).first()
    if attachment is None:
        raise Http404("There is no such file.")
    return attachment, Reading.objects.filter(attachment=attachment).first()


@require_safe
def preview(request: PageRequest, attachment_id: UUID) -> HttpResponseBase:
    """The small picture of an image or a PDF; with `?large` the image itself without its metadata, or the first page;
    with `?page=3` that page of a PDF.
    """
    attachment, reading = _find(attachment_id)
    if "page" in request.GET and _pages(reading):
        return _page_of_pdf(request, attachment, _asked_page(request, _pages(reading)))
    key = "" if reading is None else reading.display if "large" in request.GET else reading.preview
    if not key:
        raise Http404("There is no picture of this file.")
    return serve_derived(request, key, attachment.sha256)


def _pages(reading: Reading | None) -> int:
    """How many pages a PDF has that can be shown; 0 of any other file."""
    is_pdf = reading and reading.state == ReadingState.READY and reading.kind == FileKind.PDF
    return int(reading.facts["pages"]) if reading and is_pdf else 0


def _asked_page(request: PageRequest, pages: int) -> int:
    """The page that `?page=3` means; the nearest there is, and the first for what is no number."""
    asked = request.GET.get("page", "")
    return min(max(1, int(asked)), pages) if asked.isascii() and asked.isdecimal() and len(asked) < 12 else 1


def _page_of_pdf(request: PageRequest, attachment: Attachment, number: int) -> HttpResponseBase:
    """Drawn now, and kept by the browser; 503 while too many others are."""
    if answer := known_already(request, attachment.sha256, f"page {number}"):
        return answer
    try:
        with pdf_pages.in_turn(), attachment.on_disk() as path:
            _, picture = pdf_pages.draw(path, number)
    except pdf_pages.Busy:
        words = "Other pages are being drawn. Try again in a moment."
        plain = "text/plain; charset=utf-8"
        return HttpResponse(words, status=503, content_type=plain, headers={"Retry-After": "5"})
    except (pdf_pages.Undrawable, FileNotFoundError) as error:
        raise Http404("This page cannot be drawn.") from error
    return picture_made(picture, attachment.sha256, f"page {number}")


@require_safe
def reading_state(request: PageRequest, attachment_id: UUID) -> HttpResponse:
    """How far the worker is, in words (`?short` without the name); 204 when there is nothing more to wait for."""
    attachment, reading = _find(attachment_id)
    words = waiting_words(reading, "" if "short" in request.GET else attachment.name)
    if not words:
        return HttpResponse(status=204)
    headers = {"Cache-Control": "no-store"}
    return HttpResponse(words, content_type="text/plain; charset=utf-8", headers=headers)


def waiting_words(reading: Reading | None, name: str = "") -> str:
    """`Reading telemetry.csv, 40 %`; nothing for a file that is read, or that never will be."""
    if reading is None or reading.state not in (ReadingState.WAITING, ReadingState.READING):
        return ""
    share = f", {reading.percent} %" if reading.state == ReadingState.READING else ""
    return f"Reading {name}{share}" if name else f"Reading{share}"


@require_safe
def file_page(request: PageRequest, attachment_id: UUID) -> HttpResponse:
    """A file shown: curves to zoom into, a picture, lines of text, the list of an archive, or its first bytes."""
    attachment, reading = _find(attachment_id)
    context: dict[str, Any] = {
        "file": attachment,
        "reading": reading,
        "issues": Issue.objects.alive().filter(attachments=attachment).order_by("-id")[:20],
        "waiting": waiting_words(reading, attachment.name),
    }  # fmt: skip
    ready = reading is not None and reading.state == ReadingState.READY
    if ready and reading is not None:
        match reading.kind:
            case FileKind.TABLE:
                context |= _table(request, attachment, reading)
            case FileKind.TEXT:
                context |= _text(request, attachment, reading)
            case FileKind.PDF:
                context |= _leaf(request, _pages(reading))
    seen = ready and reading is not None and reading.kind != FileKind.OTHER
    if not seen and not context["waiting"] and not (reading and reading.facts.get("head")):
        context["bytes"] = _first_bytes(attachment)
    is_piece = wants_fragment(request) and "curves" in context
    response = render(request, "_stretch.html" if is_piece else "file.html", context)
    patch_vary_headers(response, ("HX-Request",))
    return response


def _table(request: PageRequest, attachment: Attachment, reading: Reading) -> dict[str, Any]:
    """The chosen columns between two x, each drawn over the same axis, and their numbers."""
    x = reading.facts["x"]
    channels = list(reading.channels.order_by("position").defer("lows", "highs"))
    asked = set(request.GET.getlist("column"))
    telling = sorted(channels, key=lambda channel: -channel.score)[:SHOWN_AT_ONCE]
    chosen = [channel for channel in channels if str(channel.position) in asked][:CURVES_MAX]
    chosen = chosen or sorted(telling, key=lambda channel: channel.position)
    begin, end = _place(request, "from", x, x["begin"]), _place(request, "to", x, x["end"])
    if not x["begin"] <= begin < end <= x["end"]:
        begin, end = x["begin"], x["end"]
    try:
        with default_storage.open(reading.prepared) as stored:
            signal = Prepared(cast(Any, stored))
            wide = [signal.curve(channel.position, begin, end, WIDE[0]) for channel in chosen]
    except OSError:
        return {"missing": True}
    curves = [
        _drawn(curve, channel, reading, attachment) for curve, channel in zip(wide, chosen, strict=True)
    ]
    columns = [thin(curve, ROWS) for curve in wide]
    frame = _frame(reading, chosen[0], title="")
    whole, width = (begin, end) == (x["begin"], x["end"]), end - begin
    query = "".join(f"&column={channel.position}" for channel in chosen)

    def window(low: float, high: float) -> str:
        low, high = max(x["begin"], low), min(x["end"], high)
        return f"?from={low:.15g}&to={high:.15g}{query}"

    return {
        "curves": curves,
        "channels": [(channel, channel in chosen) for channel in channels],
        "facts": _facts(reading),
        "notes": reading.facts["notes"],
        "window": {"from": f"{begin:.15g}", "to": f"{end:.15g}", "begin": moment(begin, frame), "end": moment(end, frame)},
        "fields": (_written(begin, x), _written(end, x)),
        "zoom": [
            ("earlier", "Earlier", window(begin - width / 2, end - width / 2), begin > x["begin"]),
            ("later", "Later", window(begin + width / 2, end + width / 2), end < x["end"]),
            ("in", "Zoom in", window(begin + width / 4, end - width / 4), width > 4 * (x["step"] or 0)),
            ("out", "Zoom out", window(begin - width / 2, end + width / 2), not whole),
            ("all", "Everything", "?" + query.lstrip("&"), not whole),
        ],
        "anomalies": [
            (channel.name, window(channel.facts["span"][0] - _reach(channel), channel.facts["span"][1] + _reach(channel)))
            for channel in chosen if channel.facts["span"]
        ],
        "table": [
            (moment(at, frame), [_cell(column, n) for column in columns]) for n, at in enumerate(columns[0].xs)
        ],
        "x": x,
    }  # fmt: skip


def _drawn(curve: Curve, channel: Channel, reading: Reading, file: Attachment) -> dict[str, Any]:
    """A column for wide pages and once more for phones, so that labels keep their size."""
    drawings = []
    for identity, (width, height) in (("w", WIDE), ("n", NARROW)):
        frame = _frame(reading, channel, title=f"{channel.name} in {file.name}", identity=f"{identity}{channel.position}",
                       width=width, height=height)  # fmt: skip
        drawings.append(plot(thin(curve, width), frame))
    return {"channel": channel, "wide": drawings[0], "narrow": drawings[1]}


def _cell(column: Curve, n: int) -> str:
    """A row of the table: the value, or from the lowest to the highest of those that it stands for."""
    if n >= len(column.xs) or column.lows[n] != column.lows[n]:
        return ""
    low, high = number(column.lows[n]), number(column.highs[n])
    return low if low == high else f"{low} to {high}"


def _reach(channel: Channel) -> float:
    begin, end = channel.facts["span"]
    return float(end - begin) or 1.0


def _place(request: PageRequest, name: str, x: dict[str, Any], otherwise: float) -> float:
    """An x that the address names: a number, or a moment (UTC unless it says so) where x is the time of day."""
    text = request.GET.get(name, "").strip()
    try:
        value = float(text)
    except ValueError:
        try:
            at = datetime.fromisoformat(text)
            value = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() if x["clock"] else math.nan
        except (ValueError, OverflowError):
            return otherwise
    return min(max(value, x["begin"]), x["end"]) if math.isfinite(value) else otherwise


def _written(place: float, x: dict[str, Any]) -> str:
    """As a field shows it and `_place` reads it."""
    if not x["clock"]:
        return f"{place:.9g}"
    return datetime.fromtimestamp(round(place, 3), UTC).isoformat().replace("+00:00", "Z")


def _text(request: PageRequest, attachment: Attachment, reading: Reading) -> dict[str, Any]:
    """A window of lines, found by the index of every thousandth."""
    total = reading.facts["lines"]
    asked = request.GET.get("line", "1")
    line = (
        min(max(1, int(asked)), max(1, total))
        if asked.isascii() and asked.isdecimal() and len(asked) < 12
        else 1
    )
    try:
        with attachment.file.open("rb") as stored:
            lines = list(lines_from(stored, line, LINES, reading.facts["index"], reading.facts["encoding"]))
    except OSError:
        return {"missing": True}
    last = line + len(lines) - 1
    return {
        "lines": list(enumerate(lines, line)),
        "shown": f"Lines {line:,} to {last:,} of {total:,}" if total > len(lines) else f"{total:,} lines",
        "previous": max(1, line - LINES) if line > 1 else None,
        "next": line + LINES if line + LINES <= total else None,
    }


def _leaf(request: PageRequest, pages: int) -> dict[str, Any]:
    """A page of a PDF, and the ways to the others."""
    number = _asked_page(request, pages)
    return {
        "page": number,
        "previous": number - 1 if number > 1 else None,
        "next": number + 1 if number < pages else None,
    }


def _first_bytes(attachment: Attachment) -> list[tuple[str, str, str]]:
    """The head of a file as people who know formats read it: place, hexadecimal, characters."""
    try:
        with attachment.file.open("rb") as stored:
            head = stored.read(CHUNK)
    except FileNotFoundError:
        return []
    return [
        (f"{at:06x}", part.hex(" "), "".join(chr(b) if 32 <= b < 127 else "·" for b in part))
        for at in range(0, len(head), 16)
        for part in [head[at : at + 16]]
    ]
