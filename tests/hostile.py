"""Files that mean harm, made here and kept nowhere: they would run a script, leave the store, or fill memory and disk.

A script that runs anywhere calls `ran(…)` of whatever window it is in, and asks for `/ran`.
"""

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from PIL.PngImagePlugin import PngInfo

RUN = "try{window.ran('it ran')}catch(e){};new Image().src='/ran'"
PAGE = f'<!doctype html><html><body><script>{RUN}</script><img src=x onerror="{RUN}"><svg onload="{RUN}"></body></html>'
SVG = (
    f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="90" height="90" onload="{RUN}">'
    f"<script>{RUN}</script><foreignObject width='90' height='90'><body xmlns='http://www.w3.org/1999/xhtml' onload=\"{RUN}\">"
    f"<iframe src='javascript:parent.ran(1)'/></body></foreignObject><a xlink:href='javascript:ran(1)'><rect width='9' height='9'/></a></svg>"
)
XSLT = (
    '<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#s"?><!DOCTYPE x [<!ATTLIST xsl:stylesheet id ID #REQUIRED>]>'
    '<x><xsl:stylesheet id="s" version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform"><xsl:template match="/">'
    f"<html><script>{RUN}</script></html></xsl:template></xsl:stylesheet></x>"
)


@dataclass(frozen=True)
class Hostile:
    """A file, and the type under which a careless server would send it. Of those that are `live` a browser runs a script."""

    name: str
    content: bytes
    type: str = "application/octet-stream"
    live: bool = False


@cache
def files() -> tuple[Hostile, ...]:
    """All of them, made once: bombs take a second."""
    return (*_pages(), *_pictures(), *_bombs(), *_data())


def _pages() -> Iterator[Hostile]:
    page = PAGE.encode()
    yield Hostile("report.html", page, "text/html", live=True)
    yield Hostile(
        "rig.png", page, "text/html", live=True
    )  # what it says it is, and what a browser would find in it
    yield Hostile("rig.jpg", page, "text/html", live=True)
    yield Hostile("notes.txt", page, "text/html", live=True)
    yield Hostile("telemetry.csv", page, "text/html", live=True)
    yield Hostile("facts.json", page, "text/html", live=True)
    yield Hostile("page", page, "text/html", live=True)
    yield Hostile("wide.htm", b"\xff\xfe" + PAGE.encode("utf-16-le"), "text/html", live=True)
    yield Hostile("seven.html", b"+ADw-script+AD4-ran(1)+ADw-/script+AD4-", "text/html; charset=utf-7")
    yield Hostile("page.xhtml", f'<html xmlns="http://www.w3.org/1999/xhtml"><script>{RUN}</script></html>'.encode(), "application/xhtml+xml", live=True)  # fmt: skip
    yield Hostile("page.xml", XSLT.encode(), "text/xml")
    yield Hostile("worker.js", RUN.encode(), "text/javascript")
    yield Hostile("import.css", b"@import '/ran'; body{background:url(/ran)}", "text/css")
    yield Hostile("plan.md", b"[a](javascript:ran(1)) <script>ran(1)</script> ![](x\" onerror=ran(1)) <svg/onload=ran(1)>\n\n- [ ] <img src=x onerror=ran(1)>")  # fmt: skip
    yield Hostile("run.log", b"\x1b]8;;javascript:ran(1)\x07click\x1b[2J \xe2\x80\xae<script>ran(1)</script>\r\n" * 3, "text/html", live=True)  # fmt: skip
    yield Hostile("drawing.svg", SVG.encode(), "image/svg+xml", live=True)
    yield Hostile("drawing.png", SVG.encode(), "image/svg+xml", live=True)
    yield Hostile("drawing.svgz", gzip.compress(SVG.encode()))
    yield Hostile(
        "report.pdf", b"%PDF-1.4\n" + page, "text/html", live=True
    )  # a PDF to some, a page to others
    yield Hostile("script.pdf", _pdf(), "application/pdf")


def _pictures() -> Iterator[Hostile]:
    """Real images that are something else as well."""
    # 12,074 × 1: these sizes begin a comment of JavaScript, which ends after the image.
    gif = b"GIF89a/*\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
    yield Hostile("trace.gif", gif + f"*/=1;{RUN}".encode(), "text/html")
    words = PngInfo()
    words.add_text("Comment", PAGE)
    yield Hostile("plot.png", _picture("PNG", pnginfo=words) + PAGE.encode(), "text/html", live=True)
    yield Hostile(
        "strap.jpeg", _picture("JPEG", comment=PAGE.encode()) + PAGE.encode(), "text/html", live=True
    )
    yield Hostile("strap.webp", _picture("WEBP", exif=PAGE.encode()) + PAGE.encode(), "text/html", live=True)
    yield Hostile("cut.png", _picture("PNG")[:60])


def _bombs() -> Iterator[Hostile]:
    """Small here, and large where they are unpacked."""
    yield Hostile("pixels.png", _png(60_000, 60_000))
    yield Hostile("text.png", _png(8, 8, b"zTXt", b"Comment\0\0" + zlib.compress(bytes(40_000_000))))
    yield Hostile("profile.png", _png(8, 8, b"iCCP", b"icc\0\0" + zlib.compress(bytes(40_000_000))))
    layer = io.BytesIO()
    with zipfile.ZipFile(layer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros", bytes(30_000_000))
    nest = io.BytesIO()
    with zipfile.ZipFile(nest, "w", zipfile.ZIP_DEFLATED) as archive:
        for n in range(50):
            archive.writestr(f"{n}.zip", layer.getvalue())
    yield Hostile("nest.zip", nest.getvalue())
    yield Hostile("many.zip", _list_of(250_000))
    zeros = bytes(30_000_000)
    yield Hostile("zeros.gz", gzip.compress(zeros))
    yield Hostile("zeros.tar.bz2", bz2.compress(zeros))
    yield Hostile("zeros.tar.xz", lzma.compress(zeros))
    huge = tarfile.TarInfo("huge.bin")
    huge.size = 10**12
    yield Hostile("huge.tgz", gzip.compress(huge.tobuf() + zeros))
    arrays = io.BytesIO()
    np.savez_compressed(arrays, v=np.zeros(4_000_000))
    yield Hostile("zeros.npz", arrays.getvalue())


def _data() -> Iterator[Hostile]:
    formula = "=cmd|' /C calc'!A0"
    yield Hostile(
        "formulas.csv",
        f'name,note\n"{formula}","=HYPERLINK(""javascript:ran(1)"")"\n+a,@SUM(1)\n-b,<img src=x onerror=ran(1)>\n'.encode(),
    )
    yield Hostile("columns.csv", b"t,<script>ran(1)</script>,\"a\"\"onmouseover=ran(1) [<b>]\"\n" + b"".join(b"%d,%d,%d\n" % (n, n % 5, n) for n in range(50)))  # fmt: skip
    yield Hostile("long.csv", b"a,b\n1," + b"9" * 300_000 + b"\n2,3\n")
    yield Hostile(
        "wide.csv", b",".join(b"c%d" % n for n in range(30_000)) + b"\n" + b",".join([b"1"] * 30_000) + b"\n"
    )
    yield Hostile("deep.jsonl", b'{"a":' * 100_000 + b"1" + b"}" * 100_000)
    table = pa.table({"\0\u202e<script>ran(1)</script>": [1.0, 2.0, 3.0], "b": [1, 2, 3]})
    out = io.BytesIO()
    pq.write_table(table, out)
    yield Hostile("names.parquet", out.getvalue())
    program = io.BytesIO()
    np.save(program, np.array([{"a": 1}], dtype=object), allow_pickle=True)
    yield Hostile("program.npy", program.getvalue())
    yield Hostile("sound.wav", b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0\x01\0\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0data\xff\xff\xff\xff")  # fmt: skip
    yield Hostile("paths.zip", _zip(["../../../etc/passwd", "/etc/passwd", "C:\\x\\..\\y", "a\nb", "\u202egnp.exe", "<img src=x onerror=ran(1)>"]))  # fmt: skip
    yield Hostile("bytes.tar", _tar(b"\xff\xfe\x80.csv", b"../up", b"<script>ran(1)</script>"))


# Names of files as a browser or a program may send them: these very bytes in the header of the part.
NAMES = [
    b"../../../../etc/passwd", b"..\\..\\windows\\system32\\calc.exe", b"C:\\CON", b"/var/lib/x", b"NUL.txt", b"aux", b"COM1.csv",
    b"a\r\nX-Evil: 1\r\n\r\n<script>ran(1)</script>.csv", b"a\nSet-Cookie: sessionid=1.csv", b"nul\0l.txt",
    b'\\"; filename=\\"evil.html', b"evil;filename*=UTF-8''x.html", b"<script>ran(1)</script>.png", b"\\\"><img src=x onerror=ran(1)>.csv",
    b"'; ran(1); '.js", "invoice\u202efdp.exe".encode(), "\u2066x\u2069\u200f.csv".encode(), "\u2028\u2029.csv".encode(), b"\xff\xfe\x80.csv",
    b"x" * 251 + b".csv", b"x" * 296 + b".csv", "\U0001f50b".encode() * 300 + b".csv", b"%2e%2e%2f%00.csv", b".htaccess", b"...", b" . ", b"-rf",
    b"a.csv/", b"a.csv::$DATA", b"trailing.html. . ", "\u0430ttachment.html".encode(), b"%0d%0aX-Evil:1.csv", b"~root", b"$(reboot).csv", b"{{7*7}}.csv",
]  # fmt: skip


def _picture(form: str, **options: object) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 48), "#2a46bf").save(out, form, **options)
    return out.getvalue()


def _png(width: int, height: int, kind: bytes = b"", content: bytes = b"") -> bytes:
    """A PNG that says it is so large, with one chunk more."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    rows = zlib.compress(bytes(height * (width + 1)) if width < 100 else bytes(1_000_000))
    more = chunk(kind, content) if kind else b""
    return b"\x89PNG\r\n\x1a\n" + head + more + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def _pdf() -> bytes:
    """One empty page, and a script that runs when it is opened."""
    parts = [
        b"<</Type/Catalog/Pages 2 0 R/OpenAction<</S/JavaScript/JS(app.alert\\(1\\);ran\\(1\\))>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]/AA<</O<</S/URI/URI(javascript:ran\\(1\\))>>>>>>",
    ]
    out, places = b"%PDF-1.7\n", []
    for n, part in enumerate(parts, 1):
        places.append(len(out))
        out += b"%d 0 obj%sendobj\n" % (n, part)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        out
        + b"xref\n0 4\n0000000000 65535 f \n"
        + table
        + b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(out)
    )


def _zip(names: list[str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return out.getvalue()


def _list_of(count: int) -> bytes:
    """A zip that is nothing but its list, in the form for more than 65,535 files."""
    entries = (
        struct.pack("<4s6H3I5H2I", b"PK\x01\x02", *[0] * 6, *[0] * 3, 1, *[0] * 4, 0, 0) + b"a"
    ) * count
    wide = struct.pack("<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, len(entries), 0)
    place = struct.pack("<4sIQI", b"PK\x06\x07", 0, len(entries), 1)
    return (
        entries
        + wide
        + place
        + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    )


def _tar(*names: bytes) -> bytes:
    out = b""
    for name in names:
        head = bytearray(tarfile.TarInfo("x" * len(name)).tobuf(tarfile.USTAR_FORMAT))
        head[: len(name)] = name
        head[148:156] = b" " * 8
        head[148:156] = b"%06o\0 " % sum(head)
        out += bytes(head)
    return out + bytes(1024)
