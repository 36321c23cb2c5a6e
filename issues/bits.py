"""Sets of issues, as the bits of their blocks (models/search_index.py)."""

from collections.abc import ItemsView, Iterable, Iterator, Mapping, ValuesView
from dataclasses import dataclass
from itertools import islice
from math import inf

from .models.ids import as_array
from .models.search_index import BLOCK, places

SOME = 16  # blocks that are asked for one by one; to find out all at once takes less for each
_NOTHING = bytes(BLOCK // 8)

Rows = Mapping[int, int]  # some issues: of each block that has any, their bits


class Met(Mapping[int, int]):
    """Those of some issues that are among others, or not: of each block it is found out once somebody asks.

    What shows the first few of a million asks for few blocks. Keys may be of blocks that have none. Several threads may ask
    at once; either finds out the same.
    """

    __slots__ = ("_counted", "_known", "_negated", "_others", "_whole", "found")

    def __init__(self, found: Rows, others: Rows, *, negated: bool = False) -> None:
        self.found = found
        self._others = others
        self._negated = negated
        # What was asked for; one may still write into it while another goes through the whole.
        self._known: dict[int, int] = {}
        self._whole: dict[int, int] | None = None
        self._counted = (-1.0, 0)  # up to how many they were counted, and how many that gave

    def __getitem__(self, number: int) -> int:
        return self.get(number)

    def get(self, number: int, default: int = 0) -> int:  # type: ignore[override]  # there is always an answer
        if self._whole is not None:
            return self._whole.get(number, default)
        bits = self._known.get(number)
        if bits is None:
            bits = self.found.get(number, 0)
            if bits:
                others = self._others.get(number, 0)
                bits &= ~others if self._negated else others
            self._known[number] = bits
        return bits

    def items(self) -> ItemsView[int, int]:
        return self.whole().items()

    def values(self) -> ValuesView[int]:
        return self.whole().values()

    def whole(self) -> dict[int, int]:
        """All of them, without blocks that have none."""
        if self._whole is None:
            found = self.found.whole() if isinstance(self.found, Met) else self.found
            self._whole = without(found, self._others) if self._negated else within(found, self._others)
            self._known = {}
        return self._whole

    def count_up_to(self, most: float) -> int:
        """How many they are, or more than `most`: counted once as far as anybody asked."""
        up_to, n = self._counted
        if up_to < n <= most:
            n = self._count_up_to(most)
            self._counted = (most, n)
        return n

    def _count_up_to(self, most: float) -> int:
        if self._negated and len(self._others) <= SOME:
            left_out = count(within(self._others, self.found))
            return count_up_to(self.found, most + left_out) - left_out
        return _counted_up_to(self, most)

    def __iter__(self) -> Iterator[int]:
        return iter(self.found)

    def __len__(self) -> int:
        return len(self.found)

    def __bool__(self) -> bool:
        return any(map(self.get, islice(self, SOME))) or bool(self.whole())


def within(found: Rows, rows: Rows) -> dict[int, int]:
    """Those that are in both."""
    return {number: left for number, bits in found.items() if (left := bits & rows.get(number, 0))}


def without(found: Rows, rows: Rows) -> dict[int, int]:
    """Those of the first that are not in the second."""
    return {number: left for number, bits in found.items() if (left := bits & ~rows.get(number, 0))}


def count(rows: Rows) -> int:
    return count_up_to(rows, inf)


def count_up_to(rows: Rows, most: float) -> int:
    """How many they are, or more than `most`."""
    return rows.count_up_to(most) if isinstance(rows, Met) else _counted_up_to(rows, most)


def _counted_up_to(rows: Rows, most: float) -> int:
    if most == inf:
        return sum(map(int.bit_count, rows.values()))
    n = 0
    for at, number in enumerate(rows):
        if at == SOME:
            rows = rows.whole() if isinstance(rows, Met) else rows
        n += rows.get(number, 0).bit_count()  # this takes longer than anything else here
        if n > most:
            break
    return n


def together(several: Iterable[Rows]) -> Rows:
    found: dict[int, int] = {}
    for rows in several:
        for number, bits in rows.items():
            found[number] = found.get(number, 0) | bits
    return found


def rows_of(ids: Iterable[int]) -> dict[int, int]:
    rows: dict[int, int] = {}
    for id_ in ids:
        rows[id_ // BLOCK] = rows.get(id_ // BLOCK, 0) | 1 << id_ % BLOCK
    return rows


def has(rows: Rows, id_: int) -> bool:
    """Whether this issue is one of them."""
    return bool(rows.get(id_ // BLOCK, 0) >> id_ % BLOCK & 1)


def around(rows: Rows, id_: int, most: float) -> tuple[int | None, int | None, int]:
    """The next lower and the next higher of them, and how many are higher, or more than `most`."""
    number, place = divmod(id_, BLOCK)
    own = rows.get(number, 0)
    low, high = own & ((1 << place) - 1), own >> (place + 1)
    higher = {one: bits for one, bits in rows.items() if one > number and bits}
    lower = [one for one, bits in rows.items() if one < number and bits]
    below, above = None, None
    if low:
        below = number * BLOCK + low.bit_length() - 1
    elif lower:
        below = max(lower) * BLOCK + rows[max(lower)].bit_length() - 1
    if high:
        above = id_ + 1 + _lowest(high)
    elif higher:
        above = min(higher) * BLOCK + _lowest(higher[min(higher)])
    return below, above, high.bit_count() + count_up_to(higher, most)


def _lowest(bits: int) -> int:
    return (bits & -bits).bit_length() - 1


def ids_of(rows: Rows) -> Iterator[int]:
    for number, bits in rows.items():
        yield from (number * BLOCK + place for place in reversed(places(bits)))


@dataclass(frozen=True, slots=True)
class Bits:
    """Some issues, as the bits of their blocks.

    `is_exact` says that all of them match, otherwise each must be looked at; `by_id` that they are best named one by one.
    """

    bits: Rows
    n: int
    is_exact: bool
    by_id: bool

    def ids(self, *, descending: bool = True) -> Iterator[int]:
        for number in sorted(self.bits, reverse=descending):
            found = [number * BLOCK + place for place in places(self.bits[number])]
            yield from reversed(found) if descending else found

    def as_array(self) -> str:
        """Their ids as PostgreSQL writes an array."""
        return as_array(self.ids())

    def as_bytes(self) -> tuple[int, bytes]:
        """A bit for each issue, as PostgreSQL's `get_bit` counts them, and which issue is the first of them."""
        numbers = range(min(self.bits, default=0), max(self.bits, default=-1) + 1)
        rows = (
            self.bits[number].to_bytes(BLOCK // 8, "little") if number in self.bits else _NOTHING
            for number in numbers
        )
        return numbers.start * BLOCK, b"".join(rows)

    def next(self, n: int, after: int | None, *, descending: bool) -> "Bits":
        """The `n` of them whose ids come after this one."""
        ids = self.ids(descending=descending)
        if after is not None:
            ids = (id_ for id_ in ids if (id_ < after if descending else id_ > after))
        return Bits.of(islice(ids, n), is_exact=self.is_exact)

    @classmethod
    def of(cls, ids: Iterable[int], *, is_exact: bool) -> "Bits":
        bits = rows_of(ids)
        return cls(bits, count(bits), is_exact, by_id=True)


def line_of(several: Iterable[Rows]) -> tuple[int, bytes]:
    """A bit for each issue that any of them has, as `Bits.as_bytes` gives it."""
    return Bits(together(several), 0, is_exact=False, by_id=False).as_bytes()
