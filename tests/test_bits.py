"""Sets of issues: put together block by block, counted as far as somebody asks, and kept for as long as what they are made of."""

from collections.abc import Callable
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from issues import bits, met
from issues.bits import Met, Rows
from issues.fragments import Kept

ROWS = st.dictionaries(st.integers(0, 40), st.integers(1, 2**70 - 1), max_size=40)


@pytest.fixture(autouse=True)
def nothing_kept():
    met.forget()


def plain(found: Rows, others: Rows, *, negated: bool) -> dict[int, int]:
    kind = bits.without if negated else bits.within
    return kind(found, others)


@given(
    ROWS,
    ROWS,
    st.booleans(),
    st.lists(st.sampled_from([-1, 0, 1, 5, 100, inf]), max_size=6),
    st.integers(0, 40),
)
def test_what_meets_is_counted_and_read_in_any_order_of_questions(found, others, negated, counts, number):
    expected = plain(found, others, negated=negated)
    n = sum(map(int.bit_count, expected.values()))
    sets = Met(found, others, negated=negated)

    for most in counts:
        counted = sets.count_up_to(most)
        assert counted == n if n <= most else most < counted <= n
        assert sets.get(number) == expected.get(number, 0)
    assert bool(sets) is bool(expected)
    assert sets.whole() == expected
    assert bits.count(sets) == n


@pytest.mark.parametrize(
    "put_together", [met.within, met.without, lambda *both: met.any_of(both), met.in_order]
)
def test_the_same_is_put_together_once(put_together: Callable[[Rows, Rows], Rows]):
    a, b = {1: 0b0111, 2: 0b1}, {1: 0b0101, 3: 0b1}

    again = put_together(a, b)

    assert put_together(a, b) is again
    assert put_together(b, a) is not again
    assert put_together(a, dict(b)) is not again  # it may say the same, but who knows for how long


def test_what_is_the_same_in_another_way_is_something_else():
    a, b = {1: 0b0111}, {1: 0b0101}

    assert met.within(a, b)[1] == 0b0101
    assert met.without(a, b)[1] == 0b0010


def test_nothing_takes_the_place_of_what_has_gone():
    """What is kept holds what it was made of: an address that became free could be that of something else."""
    made = [dict(met.within({1: 2**n - 1}, {1: 1 << n - 1})) for n in range(1, 500)]

    assert made == [{1: 1 << n - 1} for n in range(1, 500)]


def test_sets_that_were_not_asked_for_longest_go_first(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(met, "_kept", Kept(capacity=3_000))
    a, many = {1: 1}, [{1: n} for n in range(20)]

    first = met.within(a, many[0])
    for others in many:
        met.within(a, others)

    assert met.within(a, many[0]) is not first
    assert met.within(a, many[-1]) is met.within(a, many[-1])


def test_a_set_weighs_at_most_what_it_was_found_in():
    a = dict.fromkeys(range(100), (1 << 8192) - 1)
    inner = met.within(a, a)

    assert 100_000 < met._Made(inner, ()).weight < 150_000
    assert met._Made(met.within(inner, {1: 1}), ()).weight == met._Made(inner, ()).weight
