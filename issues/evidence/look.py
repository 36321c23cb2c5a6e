"""What can be seen in a file: its kind, a preview, and facts. Runs in the process that reads files, never in a page.

Facts by kind: table {rows, x, columns, notes}, image {width, height}, pdf {pages}, text {lines, index, encoding},
archive {entries, total, count}, other {}. A file that says it is one thing and is another is taken for what it is.
"""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from PIL import Image, ImageOps, UnidentifiedImageError

from .kinds import INLINE, PIXELS_MAX
from .pdf_pages import Undrawable, draw
from .plot import trace
from .signals import Curve, Reading, prepare
from .sizes import size_in_words
from .tables import TABLES, Unreadable, open_table
from .text import LINES_STEP, shown

PREVIEW = (416, 256)  # pixels; shown at half of it
DISPLAY = 2048  # pixels of the longer side of what pages show
ENTRIES_MAX = 1_000  # of an archive's list
DIRECTORY_MAX = 8_000_000  # bytes of a zip's list: some hundred thousand names
UNPACKED_MAX = 1_000_000_000  # bytes that are unpacked of it, to find its names
TEXTS = frozenset(
    ("txt", "log", "md", "markdown", "json", "yaml", "yml", "toml", "ini", "cfg", "xml", "html", "htm", "svg", "py", "c",
     "h", "cpp", "rs", "m", "js", "ts", "css", "sh", "sql", "dbc", "rst", "tex", "diff", "patch", "dat")
)  # fmt: skip
ARCHIVES = frozenset(("zip", "tar", "tgz", "gz", "bz2", "xz"))


@dataclass(slots=True)
class Look:
    """What was seen. `preview` and `display` are encoded pictures; `reading` is a table's, with `prepared` on disk."""

    kind: str
    facts: dict[str, Any] = field(default_factory=dict)
    preview: bytes = b""
    display: bytes = b""
    reading: Reading | None = None
    trace: str = ""
    problem: str = ""  # why it cannot be shown as what it seems to be

    def as_json(self) -> dict[str, Any]:
        """Without the pictures. Every text in it is one that a database takes and a page can show."""
        channels = self.reading.as_json()["channels"] if self.reading else []
        seen: dict[str, Any] = _plain(
            {
                "kind": self.kind,
                "facts": self.facts,
                "trace": self.trace,
                "problem": self.problem,
                "channels": channels,
            }
        )
        return seen


def look(path: Path, extension: str, prepared: Path, progress: Callable[[int], None]) -> Look:
    """Look into the file; a table's samples are written to `prepared`. `progress` hears bytes done."""
    if extension in TABLES:
        return _table(path, extension, prepared, progress)
    if extension in INLINE:
        return _image(path, INLINE[extension][0])
    if extension == "pdf":
        return _pdf(path)
    if extension in ARCHIVES:
        return _archive(path, extension)
    if extension in TEXTS:
        return _text(path)
    return Look("other")


def _plain(value: Any) -> Any:
    """Names and cells come out of files: all of them as they may be shown."""
    match value:
        case str():
            return shown(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case dict():
            return {name: _plain(item) for name, item in value.items()}
    return value


def _table(path: Path, extension: str, prepared: Path, progress: Callable[[int], None]) -> Look:
    head: list[list[str]] = []
    try:
        table = open_table(path, extension, progress)
        head = table.head
        reading = prepare(table, prepared, prepared.parent)
    except Unreadable as error:
        # What cannot be drawn is shown: the first rows, and the reason.
        return Look("table", {"head": head or _first_rows(path, extension)}, problem=str(error))
    best = max(reading.channels, key=lambda channel: channel.score)
    curve = Curve(reading.xs, best.lows, best.highs, reading.x_end)
    facts = {
        "rows": reading.rows,
        "x": {"name": reading.x_name, "unit": reading.x_unit, "clock": reading.is_clock, "begin": reading.x_begin,
              "end": reading.x_end, "step": reading.step},
        "xs": reading.xs,
        "columns": len(reading.channels),
        "notes": reading.notes,
    }  # fmt: skip
    return Look("table", facts, reading=reading, trace=trace(curve, best.span, reading.step))


def _first_rows(path: Path, extension: str) -> list[list[str]]:
    if extension not in ("csv", "tsv"):
        return []
    with path.open("rb") as file:
        lines = file.read(16_384).decode("utf-8", "replace").splitlines()[:20]
    return [[line[:500]] for line in lines]


def _image(path: Path, form: str) -> Look:
    try:
        with Image.open(path, formats=[form]) as image:
            width, height = image.size
            if width * height > PIXELS_MAX:
                return Look(
                    "other", problem=f"An image of {width:,} × {height:,} pixels is too large to be shown."
                )
            image.draft("RGB", (DISPLAY, DISPLAY))
            image.load()
            frames = getattr(image, "n_frames", 1)
            with suppress(
                SyntaxError, ValueError, KeyError, struct.error
            ):  # an image without sound metadata is one
                ImageOps.exif_transpose(image, in_place=True)
            upright: Image.Image = image
    except Image.DecompressionBombError:
        return Look("other", problem="An image of so many pixels is too large to be shown.")
    except UnidentifiedImageError:
        return Look("other", problem=f"This is not a {form} image.")
    except (OSError, SyntaxError, ValueError) as error:
        return Look("other", problem=f"This is not a {form} image: {str(error)[:120]}")
    if upright.mode not in ("RGB", "RGBA", "L"):
        upright = upright.convert("RGBA" if "A" in upright.mode or "transparency" in upright.info else "RGB")
    facts = {"width": width, "height": height, "frames": frames}
    return Look(
        "image", facts, preview=_encoded(upright, PREVIEW), display=_encoded(upright, (DISPLAY, DISPLAY))
    )


def _encoded(image: Image.Image, size: tuple[int, int]) -> bytes:
    """The image in at most that size and without any metadata: no place, no camera."""
    share = min(1.0, size[0] / image.width, size[1] / image.height)
    at_most = (max(1, round(image.width * share)), max(1, round(image.height * share)))
    small = image.resize(
        at_most, Image.Resampling.BICUBIC, reducing_gap=2.0
    )  # a copy first would be one too many
    out = io.BytesIO()
    small.info.clear()
    small.save(out, "WEBP", quality=82, method=4)
    return out.getvalue()


def _pdf(path: Path) -> Look:
    """Page count and first page."""
    try:
        facts, picture = draw(path, 1)
        with Image.open(io.BytesIO(picture), formats=["WEBP"]) as page:
            head = page.crop((0, 0, page.width, min(page.height, page.width * PREVIEW[1] // PREVIEW[0])))
        return Look("pdf", facts, preview=_encoded(head, PREVIEW), display=picture)
    except (Undrawable, OSError):
        return Look("other", problem="This PDF cannot be read.")


def _text(path: Path) -> Look:
    """How many lines there are, and where every thousandth begins, so that a page can open any window of them."""
    index, lines, at, encoding = [0], 0, 0, "utf-8"
    with path.open("rb") as file:
        head = file.read(65_536)
        if b"\0" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return Look("other", problem="This is not text: it holds zero bytes.")
        try:
            head[: head.rfind(b"\n") + 1].decode()
        except UnicodeDecodeError:
            encoding = "latin-1"
        file.seek(0)
        for line in file:
            at += len(line)
            lines += 1
            if lines % LINES_STEP == 0:
                index.append(at)
    return Look("text", {"lines": lines, "index": index, "encoding": encoding})


def _archive(path: Path, extension: str) -> Look:
    """The list of what is in it. Nothing is unpacked, whatever it would become."""
    entries: list[dict[str, Any]] = []
    count = total = 0
    try:
        if extension == "zip":
            if _directory_size(path) > DIRECTORY_MAX:
                return Look("other", problem="This archive holds too many files to list them.")
            with zipfile.ZipFile(path) as archive:
                found = [(info.filename, info.file_size) for info in archive.infolist() if not info.is_dir()]
            count, total = len(found), sum(size for _, size in found)
            entries = [{"name": name[:300], "size": size} for name, size in found[:ENTRIES_MAX]]
        else:
            with _unpacked(path) as tar:
                while count < ENTRIES_MAX and (member := tar.next()) is not None:
                    if member.isfile():
                        count, total = count + 1, total + member.size
                        entries.append({"name": member.name[:300], "size": member.size})
    except _Enough as error:
        if not entries:
            return Look("other", problem=str(error))
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        lzma.LZMAError,
        zlib.error,
        OSError,
        EOFError,
        ValueError,
        NotImplementedError,
    ) as error:
        return Look("other", problem=f"This archive cannot be read: {str(error)[:120]}")
    if not count:
        return Look("other", problem="No list of files was found in this archive.")
    return Look("archive", {"entries": entries, "count": count, "total": total})


def _directory_size(path: Path) -> int:
    """Bytes of the list at the end of a zip, as its last record says: `zipfile` would take ten times that of memory."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 66_000))
        tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    size = int.from_bytes(tail[at + 12 : at + 16], "little") if at >= 0 else 0
    wide = tail.rfind(b"PK\x06\x06")
    return int.from_bytes(tail[wide + 40 : wide + 48], "little") if size == 0xFFFFFFFF and wide >= 0 else size


class _Enough(Exception):
    """More would have to be unpacked than one file is worth."""


class _Unpacking(io.RawIOBase):
    """What is in a compressed file, up to UNPACKED_MAX: a few kilobytes can stand for terabytes."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file, self._left, self._ended = file, UNPACKED_MAX, False

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(min(size, 1 << 20) if size >= 0 else 1 << 20)
        self._left -= len(data)
        if self._left < 0:
            raise _Enough(f"Unpacked, this archive is larger than {size_in_words(UNPACKED_MAX)}.")
        if not data and self._ended:  # tarfile would go on asking, once for each block that a header promised
            raise _Enough("This archive is cut short.")
        self._ended = not data
        return data


@contextmanager
def _unpacked(path: Path) -> Iterator[tarfile.TarFile]:
    with path.open("rb") as raw:
        head = raw.read(6)
    openers: dict[bytes, Callable[..., Any]] = {
        b"\x1f\x8b": gzip.open,
        b"BZh": bz2.open,
        b"\xfd7zXZ\0": lzma.open,
    }
    opener = next((opener for magic, opener in openers.items() if head.startswith(magic)), None)
    if opener is None:  # not compressed: what is between the names is passed over, not read
        with tarfile.open(path, "r:") as tar:
            yield tar
    else:
        with opener(path) as file, tarfile.open(fileobj=_Unpacking(file), mode="r|") as tar:
            yield tar
