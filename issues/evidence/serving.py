"""Files on their way out: the bytes of an attachment, in an answer that no browser can be tricked with."""

import re
import unicodedata
from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from django.conf import settings
from django.core.files.storage import default_storage
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from issues.models import Attachment, FileKind, Reading, ReadingState

from .kinds import INLINE

# Harmless types that help a program that downloads; everything else is bytes.
TYPES = {"csv": "text/csv", "txt": "text/plain", "md": "text/markdown", "json": "application/json",
         "pdf": "application/pdf", "tsv": "text/tab-separated-values", "log": "text/plain"}  # fmt: skip
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, max-age=3600",
    "Accept-Ranges": "bytes",
}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_CHUNK = 256 * 1024


def serve(request: HttpRequest, attachment: Attachment, *, download: bool = False) -> HttpResponseBase:
    """The bytes: inline for images that Pillow has decoded, for saving otherwise. One range is honoured (RFC 9110)."""
    tag = f'"{attachment.sha256[:32]}"'
    headers = {**HEADERS, "ETag": tag}
    if request.headers.get("If-None-Match") == tag:
        return HttpResponse(status=304, headers=headers)
    try:
        file = attachment.file.open("rb")
    except FileNotFoundError:
        return HttpResponse(
            "The file is missing from the store.", status=404, content_type="text/plain", headers=HEADERS
        )
    image = None if download else inline_type(attachment)
    if image is None and settings.S3_DIRECT and request.method == "GET":
        direct = _direct(attachment)
        if direct is not None:
            file.close()
            return direct
    headers["Content-Disposition"] = disposition(attachment.name, inline=image is not None)
    content_type = image or TYPES.get(attachment.extension, "application/octet-stream")
    part = _range(request, attachment.size, tag)
    if part is None:
        # (Django's FileResponse would write a disposition of its own over ours.)
        headers["Content-Length"] = str(attachment.size)
        return StreamingHttpResponse(
            _chunks(file, attachment.size), content_type=content_type, headers=headers
        )
    begin, end = part
    if begin > end:
        file.close()
        return HttpResponse(status=416, headers={**headers, "Content-Range": f"bytes */{attachment.size}"})
    file.seek(begin)
    headers["Content-Range"] = f"bytes {begin}-{end}/{attachment.size}"
    headers["Content-Length"] = str(end - begin + 1)
    return StreamingHttpResponse(
        _chunks(file, end - begin + 1), status=206, content_type=content_type, headers=headers
    )


def serve_derived(request: HttpRequest, key: str, sha256: str) -> HttpResponseBase:
    """A picture that we made ourselves, from the store; it stays the same as long as its file does."""
    tag = str(len(key))
    if answer := known_already(request, sha256, tag):
        return answer
    headers = _lasting(sha256, tag)
    try:
        file = default_storage.open(key)
    except FileNotFoundError:
        return HttpResponse(
            "The picture is missing from the store.", status=404, content_type="text/plain", headers=HEADERS
        )
    headers["Content-Length"] = str(file.size)
    return StreamingHttpResponse(_chunks(file, file.size), content_type="image/webp", headers=headers)


def known_already(request: HttpRequest, sha256: str, which: str) -> HttpResponseBase | None:
    """304 for a browser that has this picture of the file."""
    headers = _lasting(sha256, which)
    is_known = request.headers.get("If-None-Match") == headers["ETag"]
    return HttpResponse(status=304, headers=headers) if is_known else None


def picture_made(picture: bytes, sha256: str, which: str) -> HttpResponseBase:
    """A picture that was made just now of a file, and will be the same whenever it is made."""
    return HttpResponse(picture, content_type="image/webp", headers=_lasting(sha256, which))


def _lasting(sha256: str, which: str) -> dict[str, str]:
    tag = f'"{sha256[:24]}-{which.replace(" ", "-")}"'
    return {**HEADERS, "ETag": tag, "Cache-Control": "private, max-age=31536000, immutable"}


def _direct(attachment: Attachment) -> HttpResponseBase | None:
    """The way to the bucket, for a file that is only saved: who may read it has been decided, and the address ends soon.

    What is shown in pages never goes that way: the bucket could not send the headers that keep it harmless.
    """
    sign = getattr(attachment.file.storage, "signed", None)
    address = sign(attachment.file.name, disposition(attachment.name, inline=False)) if sign else None
    if address is None:
        return None
    return HttpResponse(status=302, headers={**HEADERS, "Location": address, "Cache-Control": "no-store"})


def inline_type(attachment: Attachment) -> str | None:
    """The image type under which a file may be shown: once the worker has decoded that image out of it."""
    known = INLINE.get(attachment.extension)
    if known is None:
        return None
    decoded = Reading.objects.filter(
        attachment=attachment, kind=FileKind.IMAGE, state=ReadingState.READY
    ).exists()
    return known[1] if decoded else None


def disposition(name: str, *, inline: bool) -> str:
    """Content-Disposition, the name in ASCII and in UTF-8 (RFC 6266, RFC 8187); nothing in it can end the header."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    plain = re.sub(r"[^\w .()+,=@-]", "_", plain) or "file"
    kind = "inline" if inline else "attachment"
    return f"{kind}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


def _range(request: HttpRequest, size: int, tag: str) -> tuple[int, int] | None:
    """The first and last byte asked for; None for everything. A first beyond the last cannot be satisfied."""
    if_range = request.headers.get("If-Range")
    match = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if match is None or match[1] == match[2] == "" or (if_range is not None and if_range != tag):
        return None
    if match[1] == "":
        wanted = int(match[2])
        return (max(0, size - wanted), size - 1) if wanted else (1, 0)
    begin = int(match[1])
    end = min(int(match[2]), size - 1) if match[2] else size - 1
    if match[2] and int(match[2]) < begin:
        return None
    return (begin, end) if begin < size else (1, 0)


def _chunks(file: IO[bytes], length: int) -> Iterator[bytes]:
    with file:
        while length > 0 and (chunk := file.read(min(_CHUNK, length))):
            length -= len(chunk)
            yield chunk
