"""What pages keep: pieces of HTML and what was found in the database, for as long as both would come out the same."""

from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest

from issues import changes
from issues.fragments import Kept

T = TypeVar("T")

pieces = Kept(capacity=settings.FRAGMENT_BYTES // 12)


def mark_of(request: HttpRequest) -> int | None:
    """Where the record of events stood when this request began to read; None where nothing may be kept or taken.

    A request that writes reads what it has just written, so only those that look have a mark.
    """
    if request.method not in ("GET", "HEAD"):
        return None
    if not hasattr(request, "_mark"):
        session: Any = getattr(request, "session", None)
        looked = session is not None and session.looked
        request._mark = session.mark if looked else changes.mark()  # type: ignore[attr-defined]
    mark: int | None = request._mark  # type: ignore[attr-defined]
    return mark


def kept_at(mark: int | None, key: tuple[Hashable, ...], make: Callable[[], T]) -> T:
    """What was read at this mark under this key, or else what `make` reads now."""
    return make() if mark is None else pieces.get((mark, *key), make)
