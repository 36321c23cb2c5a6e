"""Ready-made answers, made once per version of an issue and then joined as bytes.

An answer is known by (issue id, version): a change raises the version, so the old answer is never asked for
again and there is nothing to invalidate. Memory is bounded; what was not asked for longest goes first. The module
knows neither JSON nor HTML: it is told how to make what is missing.

`Kept` holds anything else that is made of what its key says: the frame round a page, or what was counted and found
while the record of events stood at a mark (issues/models/event.py).
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from threading import Lock
from typing import Any, TypeVar

Key = tuple[int, int]  # (issue id, version)
Maker = Callable[[Sequence[int]], Mapping[Key, bytes]]
T = TypeVar("T")

_OVERHEAD = 200  # bytes: the key, the dictionary's slot, the object's head


class Fragments:
    """A bounded store of one kind of answer."""

    def __init__(self, make: Maker, *, capacity: int) -> None:
        """`make(ids)` returns the fragments of these issues by (id, version as read); `capacity` is in bytes."""
        self._make = make
        self._capacity = capacity
        self._size = 0
        self._kept: OrderedDict[Key, bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, keys: Sequence[Key]) -> list[bytes]:
        """The fragments of these issues in this order, missing ones made in one go.

        An issue that changed since the key was read comes in its newer version; one that is gone is left out.
        """
        kept = self._kept
        found: dict[int, bytes] = {}
        missing: list[int] = []
        with self._lock:
            for key in keys:
                fragment = kept.get(key)
                if fragment is None:
                    missing.append(key[0])
                else:
                    kept.move_to_end(key)
                    found[key[0]] = fragment
        if missing:
            made = self._make(missing)
            self._keep(made)
            found |= {issue_id: fragment for (issue_id, _), fragment in made.items()}
        return [found[issue_id] for issue_id, _ in keys if issue_id in found]

    def one(self, key: Key) -> bytes | None:
        """The fragment of one issue; None if it is gone."""
        fragment = self._kept.get(key)  # no lock: nothing else about it changes
        return fragment if fragment is not None else next(iter(self.get([key])), None)

    def __contains__(self, key: Key) -> bool:
        return key in self._kept

    def put(self, made: Mapping[Key, bytes]) -> None:
        """Keep what the caller could make by itself."""
        self._keep(made)

    def clear(self) -> None:
        """Forget everything, as a new process would."""
        with self._lock:
            self._kept.clear()
            self._size = 0

    @property
    def size(self) -> int:
        """Bytes held, roughly."""
        return self._size

    def _keep(self, made: Mapping[Key, bytes]) -> None:
        if not self._capacity:  # nothing is to be kept
            return
        with self._lock:
            new = {key: fragment for key, fragment in made.items() if key not in self._kept}
            self._kept.update(new)
            self._size += sum(map(len, new.values())) + _OVERHEAD * len(new)
            while self._size > self._capacity and self._kept:
                _, dropped = self._kept.popitem(last=False)
                self._size -= len(dropped) + _OVERHEAD


class Kept:
    """A bounded store of what its key says everything about."""

    def __init__(self, *, capacity: int, weight: int = 1000) -> None:
        """`capacity` is in bytes; what is neither text nor has a `weight` of its own counts as `weight`."""
        self._capacity = capacity
        self._weight = weight
        self._size = 0
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._lock = Lock()

    def find(self, key: Hashable) -> Any:
        """What is kept for this key, or None."""
        with self._lock:
            if key not in self._kept:
                return None
            self._kept.move_to_end(key)
            return self._kept[key]

    def put(self, key: Hashable, value: Any) -> None:
        """Keep this for the key, in place of what was there."""
        with self._lock:
            if key in self._kept:
                self._size -= self._weigh(self._kept.pop(key))
            self._kept[key] = value
            self._size += self._weigh(value)
            while self._size > self._capacity and self._kept:
                _, dropped = self._kept.popitem(last=False)
                self._size -= self._weigh(dropped)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept for this key, made if it is not there. Two at once may both make it; either will do."""
        found: T | None = self.find(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found

    def clear(self) -> None:
        """Forget everything, as a new process would."""
        with self._lock:
            self._kept.clear()
            self._size = 0

    def _weigh(self, value: Any) -> int:
        own = len(value) if isinstance(value, str | bytes) else getattr(value, "weight", self._weight)
        return _OVERHEAD + int(own)
