"""Tables of measurements in the shapes that loggers write: CSV with any common delimiter, Parquet, NumPy, JSON lines, WAV.

Every reader gives the same thing, a `Table`: what its columns are, and batches of numbers. Nothing is held whole in
memory. Arrow and NumPy are imported when a file is read, so that only the worker that reads files pays for them.
"""

import codecs
import csv
import io
import itertools
import re
import wave
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COLUMNS_MAX = 256
SAMPLE = 256 * 1024  # bytes of the head that decide how a CSV is read
ROWS_SHOWN = 20  # of a table that cannot be drawn
BLOCK = 1 << 20  # bytes that Arrow parses at a time
AT_ONCE = 2  # blocks, or columns, worked on at the same time
BAD_SHARE = 0.02  # of rows or cells that may be broken before a file counts as unreadable
NULLS = [
    "",
    "-",
    "--",
    "NA",
    "N/A",
    "n/a",
    "#N/A",
    "NaN",
    "nan",
    "NULL",
    "null",
    "None",
    "ERR",
    "inf",
    "-inf",
]
DELIMITERS = ("\t", ";", "|", ",")  # the comma last: it may stand inside numbers

_UNIT_IN_BRACKETS = re.compile(r"^(?P<name>.*?)\s*[\[(](?P<unit>[^\[\]()]{1,16})[\])]\s*$")
_UNITS = {
    "v": "V", "mv": "mV", "uv": "µV", "kv": "kV", "a": "A", "ma": "mA", "ua": "µA", "w": "W", "mw": "mW", "kw": "kW",
    "c": "°C", "degc": "°C", "k": "K", "degf": "°F", "s": "s", "ms": "ms", "us": "µs", "ns": "ns", "min": "min",
    "h": "h", "hz": "Hz", "khz": "kHz", "mhz": "MHz", "rpm": "rpm", "pa": "Pa", "kpa": "kPa", "mpa": "MPa",
    "bar": "bar", "mbar": "mbar", "g": "g", "n": "N", "nm": "Nm", "mnm": "mNm", "db": "dB", "dbm": "dBm",
    "pct": "%", "percent": "%", "deg": "°", "m": "m", "mm": "mm", "um": "µm", "km": "km", "mps": "m/s",
    "ohm": "Ω", "ut": "µT", "nt": "nT", "wh": "Wh", "ah": "Ah", "mah": "mAh", "kg": "kg", "lux": "lx",
}  # fmt: skip
_TIME_NAME = re.compile(
    r"(?:^|_)(?:t|time|timestamp|date|datetime|utc|epoch|elapsed|seconds?|sec|zeit)(?:_(?:s|ms|us|ns|min|h|utc))?$",
    re.IGNORECASE,
)
_SECONDS = {"s": 1.0, "": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0}
# A number so large that it can only be a moment: seconds, milli-, micro- or nanoseconds since 1970.
_EPOCHS = ((1e17, 1e-9), (1e14, 1e-6), (1e11, 1e-3), (6e8, 1.0))


class Unreadable(Exception):
    """Why a file cannot be drawn, in words for people; `line` is where, if that is known."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason if line is None else f"Line {line:,}: {reason}")
        self.line = line


@dataclass(frozen=True, slots=True)
class Column:
    """A column of numbers as people name it: `str_b_v` is in V."""

    name: str
    unit: str = ""


@dataclass(slots=True)
class Table:
    """Named columns, and their numbers in batches.

    `batches` yields (times or None, [values of each column]) as float64 arrays of one length; a value that is not
    there is NaN. Times are seconds; `is_clock` says that they count from 1970 (UTC). `notes` grow while it is read.
    """

    columns: list[Column]
    batches: Callable[[], Iterator[tuple[Any, list[Any]]]]
    time: Column | None = None
    is_clock: bool = False
    notes: list[str] = field(default_factory=list)
    head: list[list[str]] = field(default_factory=list)  # the first rows as text, header first


def column_of(name: str) -> Column:
    """`Bus voltage [V]` and `bus_v` are both in volts; the part that says so leaves the first name only."""
    name = " ".join(name.split())[:200]
    bracketed = _UNIT_IN_BRACKETS.match(name)
    if bracketed and bracketed["name"]:
        unit = bracketed["unit"].strip()
        return Column(bracketed["name"], _UNITS.get(unit.lower(), unit))
    _, underscore, suffix = name.rpartition("_")
    return Column(name, _UNITS.get(suffix.lower(), "") if underscore else "")


def open_table(path: Path, extension: str, progress: Callable[[int], None] = lambda _: None) -> Table:
    """The table in a file; `progress` hears how many bytes are done. Unreadable says why there is none."""
    readers: dict[str, Callable[[Path, Callable[[int], None]], Table]] = {
        "csv": _open_csv, "tsv": _open_csv, "txt": _open_csv, "dat": _open_csv, "parquet": _open_parquet,
        "npy": _open_numpy, "npz": _open_numpy, "jsonl": _open_json_lines, "ndjson": _open_json_lines, "wav": _open_wav,
    }  # fmt: skip
    reader = readers.get(extension)
    if reader is None:
        raise Unreadable(f"Files of the type .{extension} hold no table that can be drawn.")
    table = reader(path, progress)
    if not table.columns:
        raise Unreadable("No column holds numbers.")
    return table


TABLES = frozenset(("csv", "tsv", "parquet", "npy", "npz", "jsonl", "ndjson", "wav"))


# CSV


@dataclass(frozen=True, slots=True)
class _Layout:
    encoding: str
    delimiter: str
    decimal: str
    skip: int  # lines before the table: comments, titles
    header: list[str]  # names of the columns; made up where the file has none
    has_header: bool
    has_units: bool  # the line under the header holds units
    units: list[str]
    rows: list[list[str]]  # of the sample, without header


def _open_csv(path: Path, progress: Callable[[int], None]) -> Table:
    layout = _layout(path)
    kinds = [_kind([row[n] if n < len(row) else "" for row in layout.rows], layout.decimal) for n in range(len(layout.header))]  # fmt: skip
    columns = [column_of(name) for name in layout.header]
    if layout.has_units:
        columns = [Column(column.name, _UNITS.get(unit.lower(), unit) or column.unit) for column, unit in zip(columns, layout.units, strict=True)]  # fmt: skip
    time = _time_column(columns, kinds, layout)
    drawn = [n for n, kind in enumerate(kinds) if kind == "number" and n != time][:COLUMNS_MAX]
    table = Table(
        [columns[n] for n in drawn], lambda: iter(()), head=[layout.header, *layout.rows[:ROWS_SHOWN]]
    )
    if not drawn:
        raise Unreadable("No column holds numbers.")
    is_text = time is not None and kinds[time] == "moment"
    scale = 1.0
    if time is not None:
        table.time = columns[time]
        scale, table.is_clock = _time_scale(columns[time], kinds[time], layout, time)

    def batches() -> Iterator[tuple[Any, list[Any]]]:
        wanted = [*([time] if time is not None else []), *drawn]
        for arrays in _csv_arrays(path, layout, wanted, time if is_text else None, table, progress):
            if time is None:
                yield None, arrays
            else:
                yield arrays[0] * scale, arrays[1:]

    table.batches = batches
    return table


def _layout(path: Path) -> _Layout:
    with path.open("rb") as file:
        raw = file.read(SAMPLE)
        whole = not file.read(1)
    if not raw.strip():
        raise Unreadable("The file is empty.")
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif b"\0" in raw:
        raise Unreadable("This is not text: it holds zero bytes.")
    else:
        encoding = "utf-8"
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        if encoding == "utf-8" and error.start < len(raw) - 4:
            encoding = "latin-1"
        text = raw.decode(encoding, "replace")
    csv.field_size_limit(SAMPLE)
    lines = text.removeprefix("\ufeff").splitlines()
    if not whole and len(lines) > 1:
        lines.pop()  # may be cut in the middle
    skip = next((n for n, line in enumerate(lines) if line.strip() and not line.lstrip().startswith(("#", "%", "//"))), 0)  # fmt: skip
    lines = lines[skip:]
    delimiter = _delimiter(lines)
    rows = [row for row in csv.reader(lines, delimiter=delimiter) if any(cell.strip() for cell in row)]
    while len(rows) > 2 and len(rows[0]) < len(rows[1]) and len(rows[1]) == len(rows[2]):
        rows.pop(0)  # a title over the table
        skip += 1
    if len(rows) < 2:
        raise Unreadable("There is no table: fewer than two rows.")
    decimal = _decimal(rows, delimiter)
    numeric_first = sum(_is_number(cell, decimal) for cell in rows[0])
    has_header = numeric_first < max(1, sum(_is_number(cell, decimal) for cell in rows[-1]))
    header = (
        [cell.strip() for cell in rows[0]] if has_header else [f"column {n + 1}" for n in range(len(rows[0]))]
    )
    seen: dict[str, int] = {}
    for n, name in enumerate(header):
        name = name or f"column {n + 1}"
        seen[name] = seen.get(name, 0) + 1
        header[n] = name if seen[name] == 1 else f"{name} ({seen[name]})"
    body = rows[1:] if has_header else rows
    has_units = has_header and len(body) > 1 and len(body[0]) == len(header) and not any(_is_number(cell, decimal) for cell in body[0]) and any(_is_number(cell, decimal) for cell in body[1])  # fmt: skip
    units = [cell.strip().strip("[]()") for cell in body[0]] if has_units else []
    return _Layout(
        encoding, delimiter, decimal, skip, header, has_header, has_units, units, body[has_units:2_000]
    )


def _delimiter(lines: list[str]) -> str:
    """The first delimiter that cuts nearly all lines into the same number of cells; else the one that comes closest."""
    best, score = ",", 0.0
    for candidate in DELIMITERS:
        counts = [len(row) for row in csv.reader(lines[:200], delimiter=candidate) if row]
        if not counts:
            continue
        usual = max(set(counts), key=counts.count)
        share = counts.count(usual) / len(counts)
        if usual > 1 and share >= 0.95:
            return candidate
        if usual > 1 and share > score:
            best, score = candidate, share
    return best


def _decimal(rows: list[list[str]], delimiter: str) -> str:
    """`,` where numbers are written 22,3: only with another delimiter, and only if no number says otherwise."""
    if delimiter == ",":
        return "."
    cells = [cell.strip() for row in rows[:200] for cell in row]
    commas = sum(bool(re.fullmatch(r"[-+]?\d+,\d+(?:[eE][-+]?\d+)?", cell)) for cell in cells)
    points = sum(bool(re.fullmatch(r"[-+]?\d+\.\d+(?:[eE][-+]?\d+)?", cell)) for cell in cells)
    return "," if commas > points else "."


def _is_number(cell: str, decimal: str) -> bool:
    cell = cell.strip()
    if decimal == ",":
        cell = cell.replace(",", ".")
    try:
        float(cell)
    except ValueError:
        return False
    return cell.lower().lstrip("+-") not in ("nan", "inf", "infinity") and "_" not in cell


def _kind(cells: list[str], decimal: str) -> str:
    """What a column of the sample holds: number, moment (a date with or without time), or text."""
    there = [cell for cell in cells if cell.strip() not in NULLS]
    if not there:
        return "text"
    if sum(_is_number(cell, decimal) for cell in there) >= len(there) * 0.9:
        return "number"
    if sum(_moment(cell) is not None for cell in there) >= len(there) * 0.9:
        return "moment"
    return "text"


_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?")
_GERMAN = re.compile(r"\d\d\.\d\d\.\d{4} \d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?")


def _moment(cell: str) -> str | None:
    """Which way of writing a moment this is: `iso` or `german`; None for anything else."""
    cell = cell.strip()
    if _ISO.fullmatch(cell):
        return "iso"
    return "german" if _GERMAN.fullmatch(cell) else None


def _time_column(columns: list[Column], kinds: list[str], layout: _Layout) -> int | None:
    """The column that the others are drawn over: one that is named like time or holds moments, and never goes back."""
    named = [n for n, column in enumerate(columns) if _TIME_NAME.search(column.name.replace(" ", "_"))]
    moments = [n for n, kind in enumerate(kinds) if kind == "moment"]
    for n in [*named, *moments, 0]:
        if kinds[n] == "moment":
            return n
        if kinds[n] != "number":
            continue
        values = [_float(row[n], layout.decimal) for row in layout.rows if n < len(row) and _is_number(row[n], layout.decimal)]  # fmt: skip
        if not values:
            continue
        rising = all(a <= b for a, b in itertools.pairwise(values)) and values[0] < values[-1]
        even = n in named or (not layout.has_header and _is_even(values)) or values[0] > 6e8
        if rising and even:
            return n
    return None


def _is_even(values: list[float]) -> bool:
    steps = [b - a for a, b in itertools.pairwise(values)]
    return len(steps) > 4 and max(steps) - min(steps) <= 0.01 * max(map(abs, steps))


def _float(cell: str, decimal: str) -> float:
    return float(cell.strip().replace(",", ".") if decimal == "," else cell)


def _time_scale(column: Column, kind: str, layout: _Layout, n: int) -> tuple[float, bool]:
    """What a number in this column is in seconds, and whether it counts from 1970."""
    if kind == "moment":
        return 1.0, True
    first = next((_float(row[n], layout.decimal) for row in layout.rows if n < len(row) and _is_number(row[n], layout.decimal)), 0.0)  # fmt: skip
    for least, scale in _EPOCHS:
        if first > least:
            return scale, True
    return _SECONDS.get(column.unit, 1.0), False


def _csv_arrays(
    path: Path,
    layout: _Layout,
    wanted: list[int],
    moment: int | None,
    table: Table,
    progress: Callable[[int], None],
) -> Iterator[list[Any]]:
    """The wanted columns as float64 arrays, block by block; a cell that is no number becomes NaN and is counted."""
    names = [str(n) for n in range(len(layout.header))]
    before = layout.skip + layout.has_header + layout.has_units
    seen = bad_cells = broken = 0
    first_broken, is_later = 0, False

    def parse(numbered: tuple[int, Any]) -> _Block:
        n, block = numbered
        return _parse(block, layout, names, wanted, moment, skip=0 if n else before)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        try:
            for block in _in_order(pool, parse, enumerate(_blocks(path, layout.encoding, progress))):
                if block.broken and not first_broken and min(block.broken):
                    # Of the first block Arrow counts from the beginning of the file, empty lines aside.
                    first_broken = min(block.broken) + (before + seen + broken if is_later else 0)
                is_later = True
                seen += block.rows
                broken += len(block.broken)
                bad_cells += block.bad_cells
                if block.rows:
                    yield block.columns
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # when nobody wants the rest
    cells = max(1, seen * len(wanted))
    if broken > max(1, BAD_SHARE * (seen + broken)):
        reason = f"{broken:,} rows do not have {len(layout.header)} cells as the others do."
        raise Unreadable(reason, first_broken or None)
    if bad_cells > max(1, BAD_SHARE * cells):
        raise Unreadable(f"{bad_cells:,} of {cells:,} cells are not numbers.")
    if broken:
        table.notes.append(f"{broken:,} broken rows were left out.")
    if bad_cells:
        table.notes.append(f"{bad_cells:,} cells are not numbers and were left out.")


def _blocks(path: Path, encoding: str, progress: Callable[[int], None]) -> Iterator[Any]:
    """The file as blocks (Arrow buffers) of whole lines in UTF-8; a value in quotes that holds a line's end may be cut."""
    import pyarrow as pa

    decoder = None if encoding == "utf-8" else codecs.getincrementaldecoder(encoding)("replace")
    rest = b""
    with path.open("rb") as file:
        while data := file.read(BLOCK):
            progress(file.tell())
            data = rest + (decoder.decode(data).encode("utf-8", "replace") if decoder else data)
            end = data.rfind(b"\n") + 1 or data.rfind(b"\r") + 1
            if end:
                yield pa.py_buffer(data).slice(0, end)
            elif len(data) > 2 * BLOCK:
                raise Unreadable("It has a line that is longer than a megabyte.")
            rest = data[end:]
    if decoder:
        rest += decoder.decode(b"", final=True).encode("utf-8", "replace")
    if rest:
        yield pa.py_buffer(rest)


def _in_order(pool: ThreadPoolExecutor, work: Callable[[Any], Any], items: Iterator[Any]) -> Iterator[Any]:
    """What is made of each item, in their order, while the pool is at a few of the next."""
    waiting: deque[Future[Any]] = deque()
    for item in items:
        waiting.append(pool.submit(work, item))
        if len(waiting) > AT_ONCE:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


@dataclass(frozen=True, slots=True)
class _Block:
    """A part of a CSV, parsed: its wanted columns, and what of it was left out."""

    columns: list[Any]
    rows: int
    bad_cells: int
    broken: list[
        int
    ]  # rows that have more or fewer cells, counted from the first of the block; 0 where Arrow does not say


def _parse(
    block: Any, layout: _Layout, names: list[str], wanted: list[int], moment: int | None, skip: int
) -> _Block:
    """Numbers of a block without its first `skip` lines. If some cell is none, all are read as text, and then as numbers."""
    import pyarrow as pa
    from pyarrow import csv as arrow_csv

    broken: list[int] = []
    text = pa.string()

    def on_broken_row(row: Any) -> str:
        broken.append(row.number or 0)
        return "skip"

    def read(types: dict[str, Any]) -> Any:
        broken.clear()
        return arrow_csv.read_csv(
            pa.BufferReader(block),
            read_options=arrow_csv.ReadOptions(column_names=names, skip_rows=skip, block_size=block.size + 1, use_threads=False),
            parse_options=arrow_csv.ParseOptions(delimiter=layout.delimiter, invalid_row_handler=on_broken_row),
            convert_options=arrow_csv.ConvertOptions(
                column_types=types, include_columns=[str(n) for n in wanted], null_values=NULLS,
                decimal_point=layout.decimal, strings_can_be_null=True,
            ),
        )  # fmt: skip

    strict = True
    try:
        table = read({str(n): text if n == moment else pa.float64() for n in wanted})
    except pa.ArrowInvalid:
        strict = False
        try:
            table = read(dict.fromkeys(map(str, wanted), text))
        except pa.ArrowInvalid as error:
            raise Unreadable(str(error).split("\n")[0][:300]) from None
    columns, bad_cells = [], 0
    for n, column in zip(wanted, table.columns, strict=True):
        column = column.combine_chunks()
        if n == moment:
            numbers, bad = _moments(column)
        elif strict:
            numbers, bad = column.to_numpy(zero_copy_only=False), 0
        else:
            numbers, bad = _numbers(column, layout.decimal)
        bad_cells += bad
        columns.append(numbers)
    return _Block(columns, table.num_rows, bad_cells, broken)


def _numbers(column: Any, decimal: str) -> tuple[Any, int]:
    """Text as numbers; what is none is NaN. The numbers, and how many cells were bad."""
    import pyarrow as pa
    import pyarrow.compute as pc

    text = pc.utf8_trim_whitespace(column)
    if decimal == ",":
        text = pc.replace_substring(text, ",", ".")
    good = pc.match_substring_regex(text, r"^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")
    numbers = pc.if_else(good, text, pa.scalar(None, pa.string())).cast(pa.float64())
    return numbers.to_numpy(zero_copy_only=False), int(pc.sum(pc.invert(good)).as_py() or 0)


def _moments(column: Any) -> tuple[Any, int]:
    """Dates as seconds since 1970 (UTC where they name no zone), to the microsecond."""
    from datetime import UTC, datetime

    import numpy as np

    def seconds(cell: str | None) -> float:
        if cell is None:
            return float("nan")
        cell = cell.strip()
        try:
            if cell[2:3] == ".":
                cell = f"{cell[6:10]}-{cell[3:5]}-{cell[:2]}T{cell[11:]}"
            moment = datetime.fromisoformat(cell.replace(",", "."))
        except ValueError:
            return float("nan")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()

    fast = _iso_in_bulk(column)
    values = fast if fast is not None else np.array([seconds(cell) for cell in column.to_pylist()])
    return values, int(np.isnan(values).sum()) - column.null_count


def _iso_in_bulk(column: Any) -> Any:
    """The whole column at once if it is plain ISO 8601 in UTC; None if Arrow will not have it."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        text = pc.replace_substring_regex(column, r"(Z|[+]00:?00)$", "")
        if pc.any(pc.match_substring_regex(text, r"\d[+-]\d\d:?\d\d$")).as_py():
            return None
        micros = text.cast(pa.timestamp("us")).cast(pa.int64()).to_numpy(zero_copy_only=False)
    except pa.ArrowInvalid:
        return None
    return np.asarray(micros, dtype=np.float64) / 1e6


class _Counted(io.RawIOBase):
    """A file that says how far it has been read."""

    def __init__(self, file: Any, progress: Callable[[int], None]) -> None:
        super().__init__()
        self._file, self._progress = file, progress

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> Any:
        data = self._file.read(size)
        self._progress(self._file.tell())
        return data

    def close(self) -> None:
        self._file.close()
        super().close()


# Columns of other formats


def _open_parquet(path: Path, progress: Callable[[int], None]) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        file = parquet.ParquetFile(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise Unreadable(f"This is not a Parquet file: {str(error)[:200]}") from None
    size = path.stat().st_size
    rows = max(1, file.metadata.num_rows)
    schema = [(field.name, field.type) for field in file.schema_arrow]

    def chunks(names: list[str]) -> Iterator[Any]:
        done = 0
        for batch in file.iter_batches(batch_size=65_536, columns=names):
            done += batch.num_rows
            progress(size * done // rows)
            yield batch

    return _arrow_table(schema, chunks)


def _open_json_lines(path: Path, progress: Callable[[int], None]) -> Table:
    import pyarrow as pa
    from pyarrow import json as arrow_json

    def reader() -> Any:
        return arrow_json.open_json(
            _Counted(path.open("rb"), progress),
            read_options=arrow_json.ReadOptions(block_size=BLOCK, use_threads=False),
        )

    try:
        schema = [(field.name, field.type) for field in reader().schema]
    except (pa.ArrowInvalid, OSError) as error:
        raise Unreadable(f"This is not JSON, one object a line: {str(error)[:200]}") from None

    def chunks(names: list[str]) -> Iterator[Any]:
        try:
            for batch in reader():
                yield batch.select(names)
        except pa.ArrowInvalid as error:
            raise Unreadable(str(error)[:300]) from None

    return _arrow_table(schema, chunks)


def _arrow_table(schema: list[tuple[str, Any]], chunks: Callable[[list[str]], Iterator[Any]]) -> Table:
    """A table from typed columns: numbers are drawn, a timestamp (or a column named like time) is what they are drawn over."""
    import pyarrow as pa

    def is_number(kind: Any) -> bool:
        return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))

    moments = [name for name, kind in schema if pa.types.is_timestamp(kind)]
    named = [name for name, kind in schema if is_number(kind) and _TIME_NAME.search(name.replace(" ", "_"))]
    time = next(iter([*moments, *named]), None)
    names = [name for name, kind in schema if is_number(kind) and name != time][:COLUMNS_MAX]
    table = Table([column_of(name) for name in names], lambda: iter(()))
    table.time = column_of(time) if time else None
    table.is_clock = bool(moments)
    scale = _SECONDS.get(table.time.unit, 1.0) if table.time else 1.0

    def batches() -> Iterator[tuple[Any, list[Any]]]:
        for batch in chunks([*([time] if time else []), *names]):
            arrays = [_as_floats(column) for column in batch.columns]
            yield (arrays[0] * scale, arrays[1:]) if time else (None, arrays)

    table.batches = batches
    return table


def _as_floats(column: Any) -> Any:
    import numpy as np
    import pyarrow as pa

    if pa.types.is_timestamp(column.type):
        micros = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False).cast(pa.int64())
        return micros.to_numpy(zero_copy_only=False).astype(np.float64) / 1e6
    return column.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)


def _open_numpy(path: Path, progress: Callable[[int], None]) -> Table:
    import numpy as np

    try:
        # No pickles: an array of objects is a program.
        loaded = np.load(path, mmap_mode="r", allow_pickle=False)
        arrays = (
            {name: loaded[name] for name in loaded.files} if hasattr(loaded, "files") else {path.stem: loaded}
        )
    except (ValueError, OSError, EOFError, KeyError) as error:
        raise Unreadable(f"NumPy cannot read it: {str(error)[:200]}") from None
    columns: dict[str, Any] = {}
    for name, array in arrays.items():
        if array.dtype.names:
            columns |= {
                field: array[field] for field in array.dtype.names if array[field].dtype.kind in "iuf"
            }
        elif array.dtype.kind in "iuf" and array.ndim == 1:
            columns[name] = array
        elif array.dtype.kind in "iuf" and array.ndim == 2:
            columns |= {f"{name} {n + 1}": array[:, n] for n in range(min(array.shape[1], COLUMNS_MAX))}
    if not columns:
        raise Unreadable("It holds no array of numbers with one or two dimensions.")
    length = max(len(array) for array in columns.values())
    columns = {name: array for name, array in columns.items() if len(array) == length}
    time = next(
        (name for name in columns if _TIME_NAME.search(name.replace(" ", "_")) and len(columns) > 1), None
    )
    names = [name for name in columns if name != time][:COLUMNS_MAX]
    size = path.stat().st_size

    def batches() -> Iterator[tuple[Any, list[Any]]]:
        for begin in range(0, length, 65_536):
            part = slice(begin, begin + 65_536)
            times = None if time is None else np.asarray(columns[time][part], dtype=np.float64)
            progress(size * min(length, begin + 65_536) // length)
            yield times, [np.asarray(columns[name][part], dtype=np.float64) for name in names]

    return Table([column_of(name) for name in names], batches, time=column_of(time) if time else None)


def _open_wav(path: Path, progress: Callable[[int], None]) -> Table:
    import numpy as np

    try:
        with wave.open(str(path)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
    except (wave.Error, EOFError) as error:
        raise Unreadable(f"This is not a WAV file with plain samples: {error}") from None
    if width not in (1, 2, 3, 4) or not rate or channels > COLUMNS_MAX:
        raise Unreadable("Samples of this width cannot be read.")
    size = path.stat().st_size

    def batches() -> Iterator[tuple[Any, list[Any]]]:
        begin = 0
        with wave.open(str(path)) as file:
            while data := file.readframes(65_536):
                usable = len(data) - len(data) % (width * channels)
                raw = np.frombuffer(data[:usable], dtype=np.uint8).reshape(-1, width)
                if width == 1:
                    samples = (raw[:, 0].astype(np.float64) - 128) / 128
                else:
                    wide = np.zeros((len(raw), 4), dtype=np.uint8)
                    wide[:, 4 - width :] = raw
                    samples = wide.view("<i4")[:, 0].astype(np.float64) / 2**31
                frames = samples.reshape(-1, channels)
                times = (begin + np.arange(len(frames))) / rate
                begin += len(frames)
                progress(min(size, begin * width * channels))
                yield times, [frames[:, n] for n in range(channels)]

    names = ["sound"] if channels == 1 else [f"channel {n + 1}" for n in range(channels)]
    return Table([Column(name) for name in names], batches, time=Column("time", "s"))
