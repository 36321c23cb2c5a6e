"""A table of measurements made ready to be drawn: reduced so that a spike of one sample survives at every scale.

`prepare` reads a table once and writes one file beside it: every sample as it was (32-bit floats), and above it levels
in which one bucket stands for 16 of the level below by its lowest and highest value. `Prepared` reads any window of
that file with a few short reads and no library, so that a page can zoom into ten million samples.
"""

import json
import math
import queue
import struct
import tempfile
import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

from .tables import AT_ONCE, Column, Table, Unreadable

MAGIC = b"FNDSIG1\n"
FACTOR = 16  # samples or buckets in a bucket of the next level
OVERVIEW = 352  # buckets of the whole, one for each pixel of the plot on the issue page
GAP = 8  # times the usual step between samples: the line is broken there
SAMPLES_MAX = 500_000_000  # numbers of one table: a small Parquet file can stand for terabytes
_PIECE = 1 << 20  # samples reduced at a time
_SHORT, _SHORT_PIECE = (
    64,
    1 << 15,
)  # samples of a short bucket, and of a piece of such, which stays in the processor's cache
LEVELS = 3  # values that a column has at most if it is a switch or a state
UNUSUAL = 4  # usual spreads from the usual level: from there on something stands out
_SPAN_SHARE = 0.5  # how far a bucket must go, of the way to the extreme, to belong to the anomaly
_CALM = 0.04  # of the whole reach: a first quarter that wanders more does not say what is usual


@dataclass(frozen=True, slots=True)
class Curve:
    """A column over a stretch of the x axis: for each bucket where it begins, its lowest and its highest value.

    A bucket without any value has NaN. `x_end` is where the last bucket ends.
    """

    xs: list[float]
    lows: list[float]
    highs: list[float]
    x_end: float


@dataclass(slots=True)
class Channel:
    """What is known of a column: exact extremes of all samples, and what of it looks unusual."""

    name: str
    unit: str
    count: int = 0  # values that are there
    low: float = math.nan
    low_at: float = math.nan
    high: float = math.nan
    high_at: float = math.nan
    score: float = 0.0  # how far the most unusual stretch stands out; the column with the most is shown first
    span: tuple[float, float] | None = None  # where it is, in x
    lows: list[float] = field(default_factory=list)  # the overview
    highs: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Reading:
    """What `prepare` found in a table."""

    rows: int
    x_name: str  # "" when the rows are only counted
    x_unit: str
    is_clock: bool  # x counts seconds from 1970 (UTC)
    x_begin: float
    x_end: float
    step: float  # usual distance of two samples in x
    xs: list[float]  # where each bucket of the overview begins
    channels: list[Channel]
    notes: list[str]

    def as_json(self) -> dict[str, Any]:
        plain: dict[str, Any] = _without_nan(asdict(self))
        return plain


def prepare(table: Table, out: Path, folder: Path) -> Reading:
    """Read the table to its end, write the levels to `out`, and say what is in it. Scratch files go to `folder`.

    Unreadable when no row holds a number. Memory stays at a few megabytes, whatever the size of the file.
    """
    import numpy as np

    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        raw = [Path(scratch) / str(n) for n in range(len(table.columns))]
        x_file = Path(scratch) / "x"
        rows, rising = _spill(table, raw, x_file)
        if not rows:
            raise Unreadable("The table has no rows.")
        x = np.memmap(x_file, dtype=np.float64, mode="r", shape=(rows,)) if rising else None
        if table.time is not None and not rising:
            table.notes.append(f"{table.time.name} goes back, so the rows are drawn in their order.")
        time = table.time if rising else None
        step = float(np.median(np.diff(x[: 1 << 16]))) if x is not None and rows > 1 else 1.0
        columns = [np.memmap(path, dtype=np.float32, mode="r", shape=(rows,)) for path in raw]
        reading = Reading(
            rows=rows,
            x_name=time.name if time else "",
            x_unit="" if table.is_clock else "s" if time else "",
            is_clock=table.is_clock and time is not None,
            x_begin=float(x[0]) if x is not None else 0.0,
            x_end=float(x[-1]) if x is not None else float(rows - 1),
            step=step or 1.0,
            xs=_starts(rows, x),
            channels=[],
            notes=table.notes,
        )
        with ThreadPoolExecutor(AT_ONCE) as pool:  # NumPy works without Python's lock
            found = pool.map(
                lambda column, samples: _channel(column, samples, x, reading), table.columns, columns
            )
            reading.channels = list(found)
        if not any(channel.count for channel in reading.channels):
            raise Unreadable("No row holds a number.")
        _write(out, reading, columns, x)
    return reading


def _spill(table: Table, raw: list[Path], x_file: Path) -> tuple[int, bool]:
    """Every sample to a file for each column; how many rows, and whether x is there and never goes back."""
    import numpy as np

    rows, rising, last = 0, table.time is not None, -math.inf
    files = [path.open("wb") for path in raw]
    try:
        with x_file.open("wb") as out:
            for xs, values in _ahead(table.batches()):
                for file, column in zip(files, values, strict=True):
                    file.write(np.ascontiguousarray(column, dtype=np.float32).data)
                n = len(values[0])
                rows += n
                if rows * len(values) > SAMPLES_MAX:
                    raise Unreadable(f"It holds more than {SAMPLES_MAX:,} numbers.")
                if rising and xs is not None and n:
                    rising = bool(np.isfinite(xs).all()) and xs[0] >= last and bool((xs[1:] >= xs[:-1]).all())
                    last = float(xs[-1])
                    out.write(np.ascontiguousarray(xs, dtype=np.float64).data)
    finally:
        for file in files:
            file.close()
    return rows, rising and rows > 1


def _ahead(items: Iterator[Any]) -> Iterator[Any]:
    """The same, made a few in advance by a thread of its own: Arrow parses while what it has parsed is written."""
    waiting: queue.Queue[tuple[Any, BaseException | None]] = queue.Queue(2)
    is_over = threading.Event()

    def put(entry: tuple[Any, BaseException | None]) -> None:
        while not is_over.is_set():
            with suppress(queue.Full):
                waiting.put(entry, timeout=0.1)
                return

    def run() -> None:
        try:
            for item in items:
                put((item, None))
                if is_over.is_set():
                    return
            put((None, StopIteration()))
        except BaseException as error:
            put((None, error))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            item, error = waiting.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield item
    finally:
        is_over.set()
        thread.join()


def _channel(column: Column, samples: Any, x: Any, reading: Reading) -> Channel:
    import numpy as np

    channel = Channel(column.name, column.unit)

    def at(n: int) -> float:
        return float(x[n]) if x is not None else float(n)

    for begin in range(0, len(samples), _PIECE):
        piece = np.asarray(samples[begin : begin + _PIECE])
        finite = np.isfinite(piece)
        there = int(np.count_nonzero(finite))
        if not there:
            continue
        channel.count += there
        if there == len(piece):
            low, high = int(piece.argmin()), int(piece.argmax())
        else:
            holed = np.where(finite, piece, np.nan)
            low, high = int(np.nanargmin(holed)), int(np.nanargmax(holed))
        if not piece[low] >= channel.low:
            channel.low, channel.low_at = _shortest(piece[low]), at(begin + low)
        if not piece[high] <= channel.high:
            channel.high, channel.high_at = _shortest(piece[high]), at(begin + high)
    lows, highs = _reduce(samples, max(1, math.ceil(len(samples) / OVERVIEW)))
    channel.lows, channel.highs = lows.tolist(), highs.tolist()
    _find_unusual(channel, reading)
    return channel


def _shortest(value: Any) -> float:
    """The 32-bit number in as few digits as it needs: 22.3, not 22.299999237."""
    return float(f"{float(value):.7g}")


def _reduce(samples: Any, size: int) -> tuple[Any, Any]:
    """The lowest and highest of every `size` samples; NaN where none is there."""
    import numpy as np

    lows, highs = [], []
    piece = max(size, (_SHORT_PIECE if size <= _SHORT else _PIECE) // size * size)
    for begin in range(0, len(samples), piece):
        part = np.asarray(samples[begin : begin + piece])
        if size <= _SHORT and len(part) % size == 0:
            # Many short buckets side by side, so that NumPy works on long rows: a quarter of the time.
            buckets = np.ascontiguousarray(part.reshape(-1, size).T)
            lows.append(np.fmin.reduce(buckets, axis=0))
            highs.append(np.fmax.reduce(buckets, axis=0))
        else:
            edges = np.arange(0, len(part), size)
            lows.append(np.fmin.reduceat(part, edges))
            highs.append(np.fmax.reduceat(part, edges))
    return np.concatenate(lows), np.concatenate(highs)


def _starts(rows: int, x: Any) -> list[float]:
    size = max(1, math.ceil(rows / OVERVIEW))
    return [float(x[n]) if x is not None else float(n) for n in range(0, rows, size)]


def _find_unusual(channel: Channel, reading: Reading) -> None:
    """The stretch that stands out most: how far from the usual level, in usual spreads."""
    import numpy as np

    if channel.count < 5 or channel.low == channel.high:
        return
    lows, highs = np.array(channel.lows, dtype=np.float64), np.array(channel.highs, dtype=np.float64)
    level, spread = _usual(lows, highs, channel.high - channel.low)
    away = np.fmax(highs - level, level - lows)
    away[np.isnan(away)] = 0
    # What a recording begins with is how things start, and stands out only if nothing else does.
    start = int(np.argmax(away < UNUSUAL * spread))
    later = np.where(np.arange(len(away)) < start, 0.0, away)
    away = later if later.max() >= UNUSUAL * spread else away
    peak = int(np.argmax(away))
    channel.score = float(away[peak] / spread)
    first, last = _around(away >= away[peak] * _SPAN_SHARE, peak)
    ends = [*reading.xs[1:], reading.x_end]
    if channel.score >= UNUSUAL and (last - first) < len(away) * 0.75:
        channel.span = (reading.xs[first], ends[last])
    # A switch says when something was done; what went wrong is seen in another column, if in any.
    if len({value for value in (*channel.lows, *channel.highs) if value == value}) <= LEVELS:
        channel.score = min(channel.score, float(UNUSUAL))


def _usual(lows: Any, highs: Any, reach: float) -> tuple[float, float]:
    """Level and spread of what is usual: medians, so that what is rare in it does not count.

    Tests begin in order, so the first quarter says what is usual, and a step is the part after it; a quarter that is not
    calm itself (its spread is more than a part of the whole reach) says nothing, and the whole recording does.
    """
    import numpy as np

    with np.errstate(invalid="ignore"):
        middle = (lows + highs) / 2
    quarter, whole = slice(0, max(4, len(middle) // 4)), slice(None)
    for part in (quarter, whole):
        if np.isnan(middle[part]).all():
            continue
        level = float(np.nanmedian(middle[part]))
        wander = float(np.nanmedian(np.abs(middle[part] - level)))
        if part is whole or wander <= reach * _CALM:
            break
    return level, max(wander + float(np.nanmedian((highs - lows)[part])) / 2, reach * 1e-3)


def _around(inside: Any, peak: int) -> tuple[int, int]:
    """The first and the last bucket of the stretch round the peak; holes of an oscillation belong to it."""
    bridge = max(1, len(inside) // 40)
    first = last = peak
    while (before := first - 1) >= 0 and inside[max(0, before - bridge) : before + 1].any():
        first = before
    while (after := last + 1) < len(inside) and inside[after : after + bridge + 1].any():
        last = after
    while first < peak and not inside[first]:
        first += 1
    while last > peak and not inside[last]:
        last -= 1
    return first, last


def _write(out: Path, reading: Reading, columns: list[Any], x: Any) -> None:
    """One file: a header, x, for each column its samples and levels, and x of the levels; all aligned to eight bytes."""
    import numpy as np

    levels: list[int] = []  # length of each level above the samples
    size = reading.rows
    while size > OVERVIEW * 4:
        size = math.ceil(size / FACTOR)
        levels.append(size)
    head = {"rows": reading.rows, "columns": len(columns), "has_x": x is not None, "levels": levels,
            "x_begin": reading.x_begin, "x_end": reading.x_end, "x_levels": x is not None}  # fmt: skip
    text = json.dumps(head).encode()
    with out.open("wb") as file:
        file.write(MAGIC + struct.pack("<I", len(text)) + text)
        _align(file)
        if x is not None:
            for begin in range(0, reading.rows, _PIECE):
                file.write(np.ascontiguousarray(x[begin : begin + _PIECE]).data)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for n in range(0, len(columns), AT_ONCE):  # a few, for each takes memory
                reduced = pool.map(lambda samples: _levels(samples, len(levels)), columns[n : n + AT_ONCE])
                for samples, pairs in zip(columns[n : n + AT_ONCE], reduced, strict=True):
                    for begin in range(0, reading.rows, _PIECE):
                        file.write(np.ascontiguousarray(samples[begin : begin + _PIECE]).data)
                    _align(file)
                    for level in pairs:
                        file.write(level.data)
        if x is not None:  # where the buckets of each level begin, side by side, too
            for n in range(1, len(levels) + 1):
                file.write(np.ascontiguousarray(x[:: FACTOR**n]).data)


def _levels(samples: Any, count: int) -> list[Any]:
    """The lowest and highest values of each level side by side, so that a window is one read."""
    import numpy as np

    found = []
    lows = highs = samples
    for n in range(count):
        low, high = _reduce(lows, FACTOR)
        if n:
            _, high = _reduce(highs, FACTOR)
        lows, highs = low, high
        found.append(np.stack([lows, highs], axis=1).astype(np.float32))
    return found


def _align(file: IO[bytes]) -> None:
    file.write(b"\0" * (-file.tell() % 8))


class Prepared:
    """The file that `prepare` wrote. Reading a window touches a few kilobytes of it."""

    def __init__(self, file: IO[bytes]) -> None:
        """ValueError when it is not such a file."""
        self._file = file
        if file.read(len(MAGIC)) != MAGIC:
            raise ValueError("not a prepared signal")
        (length,) = struct.unpack("<I", file.read(4))
        head = json.loads(file.read(length))
        self.rows: int = head["rows"]
        self._levels: list[int] = head["levels"]
        self._has_x: bool = head["has_x"]
        self.x_begin, self.x_end = float(head["x_begin"]), float(head["x_end"])
        self._x_at = _aligned(len(MAGIC) + 4 + length)
        self._columns_at = self._x_at + (8 * self.rows if self._has_x else 0)
        self._column_size = _aligned(4 * self.rows) + 8 * sum(self._levels)
        self._x_levels_at = self._columns_at + head["columns"] * self._column_size
        self._x_levels = (
            self._levels if head.get("x_levels") else []
        )  # those that were made at first have none
        self._stretches: dict[tuple[float, float, int], _Stretch] = {}

    def curve(self, column: int, begin: float, end: float, buckets: int) -> Curve:
        """The column between two x, in at most about `buckets` buckets; from the finest level that is not too much."""
        # All columns of a page are asked for the same few stretches.
        asked = (begin, end, buckets)
        stretch = self._stretches.get(asked)
        if stretch is None:
            stretch = self._stretches[asked] = self._stretch(*asked)
        lows, highs = self._part(column, stretch.level, stretch.lo, stretch.hi)
        group, starts = stretch.group, range(0, len(lows), stretch.group)
        if math.isnan(sum(lows)) or math.isnan(sum(highs)):
            least = [_least(lows[n : n + group]) for n in starts]
            most = [_most(highs[n : n + group]) for n in starts]
        else:
            least = [min(lows[n : n + group]) for n in starts]
            most = [max(highs[n : n + group]) for n in starts]
        return Curve(stretch.xs[: len(least)], least, most, stretch.x_end)

    def _stretch(self, begin: float, end: float, buckets: int) -> "_Stretch":
        first, last = self._index(begin), self._index(end, after=True)
        last = max(last, first + 1)
        level, size = 0, 1
        while level < len(self._levels) and (last - first) / size > buckets * FACTOR:
            level, size = level + 1, size * FACTOR
        lo, hi = first // size, math.ceil(last / size)
        group = max(1, math.ceil((hi - lo) / buckets))
        xs = self._xs(level, lo, hi)[::group]
        return _Stretch(level, lo, hi, group, xs, self._x(min(self.rows - 1, last)))

    def _part(self, column: int, level: int, lo: int, hi: int) -> tuple[Any, Any]:
        at = self._columns_at + column * self._column_size
        values = array("f")
        if level == 0:
            self._file.seek(at + 4 * lo)
            values.frombytes(self._file.read(4 * (min(hi, self.rows) - lo)))
            return values, values
        at += _aligned(4 * self.rows) + 8 * sum(self._levels[: level - 1])
        self._file.seek(at + 8 * lo)
        values.frombytes(self._file.read(8 * (min(hi, self._levels[level - 1]) - lo)))
        return values[::2], values[1::2]

    def _x(self, n: int) -> float:
        return self._xs(0, n, n + 1)[0]

    def _xs(self, level: int, lo: int, hi: int) -> list[float]:
        """Where the rows or buckets of a level begin in x."""
        size = FACTOR**level
        if not self._has_x:
            return [float(n * size) for n in range(lo, min(hi, self._length(level)))]
        if level > len(self._x_levels):
            return [self._x(n * size) for n in range(lo, min(hi, self._length(level)))]
        at = self._x_levels_at + 8 * sum(self._x_levels[: level - 1]) if level else self._x_at
        values = array("d")
        self._file.seek(at + 8 * lo)
        values.frombytes(self._file.read(8 * (min(hi, self._length(level)) - lo)))
        return values.tolist()

    def _length(self, level: int) -> int:
        return self._levels[level - 1] if level else self.rows

    def _index(self, x: float, *, after: bool = False) -> int:
        """The first row at or after x (`after`: the first beyond it): found at the coarsest level, and then ever finer."""
        look = bisect_right if after else bisect_left
        if self._has_x and not self._x_levels and self._levels:
            return look(range(self.rows), x, key=self._x)
        lo, hi = 0, self._length(len(self._levels))
        for level in range(len(self._levels), -1, -1):
            found = lo + look(self._xs(level, lo, hi), x)
            lo, hi = max(0, (found - 1) * FACTOR + 1), found * FACTOR
        return min(found, self.rows)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Which buckets lie between two x: of a level, from `lo` to `hi`, so many to one of the curve, which begin at `xs`."""

    level: int
    lo: int
    hi: int
    group: int
    xs: list[float]
    x_end: float


def _aligned(n: int) -> int:
    return n + (-n % 8)


def _least(values: Any) -> float:
    there = [value for value in values if value == value]
    return min(there) if there else math.nan


def _most(values: Any) -> float:
    there = [value for value in values if value == value]
    return max(there) if there else math.nan


def _without_nan(value: Any) -> Any:
    """JSON has no NaN: null instead."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    if isinstance(value, dict):
        return {name: _without_nan(item) for name, item in value.items()}
    return value
