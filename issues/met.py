"""Sets of issues that were put together out of others, kept: to ask the same again, for its next page, or for the place of
an issue in what it found, puts none of it together again.

A set is known by what it was made of, the very objects. The bits of a term are the same object until a block is folded
(terms.py), so nothing ever has to be thrown away because it were no longer true.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.conf import settings

from .bits import Met, Rows, together
from .fragments import Kept

_kept = Kept(capacity=settings.FRAGMENT_BYTES // 12)


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _Made(Generic[T]):
    it: T
    of: Sequence[Any]  # held, so that no other object can come to have its address

    @property
    def weight(self) -> int:
        """Bytes, at most: what is among others is no more than it was found in, whether it is known yet or not."""
        rows: Any = self.it
        while isinstance(rows, Met):
            rows = rows.found
        return sum(100 + bits.bit_length() // 7 for bits in rows.values()) if isinstance(rows, dict) else 100


def made(name: str, of: Sequence[Any], make: Callable[[], T]) -> T:
    """What `make` gives, the very same again for as long as it is made of the same; `name` says how it is made of these."""
    key = (name, *map(id, of))
    kept: _Made[T] = _kept.get(key, lambda: _Made(make(), of))
    return kept.it


def within(found: Rows, others: Rows) -> Rows:
    """Those that are in both, found out of each block once somebody asks."""
    return made("within", (found, others), lambda: Met(found, others))


def without(found: Rows, others: Rows) -> Rows:
    """Those of the first that are not in the second, found out of each block once somebody asks."""
    return made("without", (found, others), lambda: Met(found, others, negated=True))


def any_of(several: Sequence[Rows]) -> Rows:
    return several[0] if len(several) == 1 else made("any", several, lambda: together(several))


def in_order(found: Rows, numbers: Sequence[int]) -> Rows:
    """The same, their blocks in the order of these numbers."""
    return made("in order", (found, numbers), lambda: {n: found[n] for n in numbers if n in found})


def forget() -> None:
    """Forget what was made, as a new process would."""
    _kept.clear()
