"""The store of ready-made answers: what it gives, what it makes, what it forgets."""

import sys
from collections.abc import Iterator

from django.conf import settings
from django.urls import get_resolver

from issues.fragments import Fragments, Kept


def stores() -> Iterator[Fragments | Kept]:
    """Those of the service, which modules have for themselves."""
    get_resolver().url_patterns  # noqa: B018 - every module that answers something is loaded by it
    for name, module in list(sys.modules.items()):
        if name.startswith("issues."):
            for value in vars(module).values():
                many = value.values() if isinstance(value, dict) else [value]
                yield from (one for one in many if isinstance(one, Fragments | Kept))


def test_all_stores_together_take_no_more_than_the_setting_says():
    shares = {id(store): store._capacity for store in stores()}

    assert len(shares) >= 12
    assert settings.FRAGMENT_BYTES * 0.8 < sum(shares.values()) <= settings.FRAGMENT_BYTES


class Source:
    """Issues with versions, and a record of what was made."""

    def __init__(self, **versions: int) -> None:
        self.versions = {int(name[1:]): version for name, version in versions.items()}
        self.made: list[list[int]] = []

    def make(self, ids):
        self.made.append(list(ids))
        return {
            (id_, self.versions[id_]): f"{id_}v{self.versions[id_]}".encode()
            for id_ in ids
            if id_ in self.versions
        }


def test_makes_what_is_missing_in_one_go_and_once():
    source = Source(i1=1, i2=1, i3=4)
    fragments = Fragments(source.make, capacity=10_000)

    assert fragments.get([(2, 1), (1, 1)]) == [b"2v1", b"1v1"]
    assert fragments.get([(1, 1), (2, 1), (3, 4)]) == [b"1v1", b"2v1", b"3v4"]
    assert fragments.one((3, 4)) == b"3v4"

    assert source.made == [[2, 1], [3]]


def test_a_new_version_is_another_answer():
    source = Source(i1=1)
    fragments = Fragments(source.make, capacity=10_000)
    fragments.get([(1, 1)])
    source.versions[1] = 2

    assert fragments.get([(1, 2)]) == [b"1v2"]


def test_what_changed_or_went_since_the_key_was_read():
    source = Source(i1=7)
    fragments = Fragments(source.make, capacity=10_000)

    assert fragments.get([(1, 6), (2, 1)]) == [b"1v7"]
    assert fragments.one((2, 1)) is None


def test_memory_is_bounded_and_the_longest_unused_goes_first():
    source = Source(i1=1, i2=1, i3=1)
    fragments = Fragments(source.make, capacity=450)
    fragments.get([(1, 1), (2, 1)])
    fragments.get([(1, 1)])

    fragments.get([(3, 1)])
    fragments.get([(1, 1), (3, 1)])

    assert source.made == [[1, 2], [3]]
    assert fragments.size <= 450


def test_without_room_everything_is_made_each_time():
    source = Source(i1=1)
    fragments = Fragments(source.make, capacity=0)

    assert [fragments.one((1, 1)), fragments.one((1, 1))] == [b"1v1", b"1v1"]
    assert source.made == [[1], [1]]


def test_clear_forgets():
    source = Source(i1=1)
    fragments = Fragments(source.make, capacity=10_000)
    fragments.one((1, 1))
    fragments.clear()

    fragments.one((1, 1))

    assert len(source.made) == 2
    assert fragments.size > 0


def test_what_is_kept_is_made_once_for_a_key():
    kept, made = Kept(capacity=10_000), []

    assert [kept.get(key, lambda key=key: made.append(key) or f"{key}!") for key in (1, 2, 1)] == [
        "1!",
        "2!",
        "1!",
    ]
    assert made == [1, 2]


def test_what_was_not_asked_for_longest_goes_first_from_what_is_kept():
    kept, made = Kept(capacity=700), []

    for key in (1, 2, 1, 3, 1, 2):
        kept.get(key, lambda key=key: made.append(key) or "x" * 100)

    assert made == [1, 2, 3, 2]


def test_with_no_room_nothing_is_kept_and_all_is_answered():
    kept = Kept(capacity=0)

    assert [kept.get("a", lambda n=n: n) for n in (1, 2)] == [1, 2]


def test_without_room_everything_is_made_anew():
    source = Source(i1=1)
    fragments = Fragments(source.make, capacity=0)

    assert [fragments.get([(1, 1)]), fragments.get([(1, 1)])] == [[b"1v1"], [b"1v1"]]
    assert source.made == [[1], [1]]
    assert fragments.size == 0
