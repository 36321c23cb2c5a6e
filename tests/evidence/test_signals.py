"""Reducing keeps what matters: a spike of one sample at every scale, exact extremes, the stretch that stands out."""

import bisect
import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from issues.evidence.plot import Frame, Limit, nice_ticks, number, plot, trace
from issues.evidence.signals import Curve, Prepared, prepare
from issues.evidence.tables import Column, Table


def prepared(tmp_path, values, xs=None):
    def batches():
        for begin in range(0, len(values), 7_000):
            part = slice(begin, begin + 7_000)
            yield (
                None if xs is None else np.array(xs[part], dtype=float),
                [np.array(values[part], dtype=float)],
            )

    table = Table([Column("v", "V")], batches, time=Column("t", "s") if xs is not None else None)
    reading = prepare(table, tmp_path / "p", tmp_path)
    return reading, Prepared((tmp_path / "p").open("rb"))


def test_a_spike_of_one_sample_is_in_every_window_that_holds_it(tmp_path):
    values = [28.0] * 100_000
    values[61_803] = 22.3
    reading, signal = prepared(tmp_path, values, [k / 10 for k in range(100_000)])

    assert min(reading.channels[0].lows) == pytest.approx(22.3)
    assert (reading.channels[0].low, reading.channels[0].low_at) == (22.3, 6180.3)
    for begin, end in [(0, 1e9), (6000, 6400), (6180, 6181), (6180.3, 6180.3)]:
        for buckets in (10, 352, 2000):
            assert min(signal.curve(0, begin, end, buckets).lows) == pytest.approx(22.3)
    assert min(signal.curve(0, 0, 6170, 352).lows) == 28.0


@settings(max_examples=60)
@given(
    st.lists(st.one_of(st.floats(-1e6, 1e6, width=32), st.just(math.nan)), min_size=2, max_size=6_000),
    st.integers(0, 5_999), st.integers(1, 6_000), st.integers(1, 400),
)  # fmt: skip
def test_any_window_has_the_extremes_of_its_samples(tmp_path_factory, values, begin, length, buckets):
    if all(value != value for value in values):
        values[0] = 1.0
    _, signal = prepared(tmp_path_factory.mktemp("s"), values)
    begin = min(begin, len(values) - 1)
    end = min(begin + length, len(values) - 1)

    curve = signal.curve(0, begin, end, buckets)

    # At most one bucket of the level is seen beyond each end; without levels none is.
    there = [np.float32(v) for v in values[begin : end + 1] if v == v]
    lows, highs = [v for v in curve.lows if v == v], [v for v in curve.highs if v == v]
    assert len(curve.xs) <= buckets + 1
    if there:
        assert min(lows) <= min(there)
        assert max(highs) >= max(there)


def test_the_stretch_that_stands_out_is_found(tmp_path):
    dice = random.Random(7)
    values = [28 + dice.gauss(0, 0.05) - (5.7 if 1420 <= k / 10 <= 1568 else 0) for k in range(24_000)]
    reading, _ = prepared(tmp_path, values, [k / 10 for k in range(24_000)])

    begin, end = reading.channels[0].span
    assert begin == pytest.approx(1420, abs=14)
    assert end == pytest.approx(1568, abs=14)


def test_after_a_step_the_rest_is_the_anomaly(tmp_path):
    dice = random.Random(7)
    reading, _ = prepared(tmp_path, [46 + dice.gauss(0, 0.4) + (53 if k > 480 else 0) for k in range(1_200)])

    begin, end = reading.channels[0].span
    assert begin == pytest.approx(480, abs=8)
    assert end == 1199


def test_a_quiet_signal_has_no_anomaly(tmp_path):
    dice = random.Random(7)
    reading, _ = prepared(tmp_path, [28 + dice.gauss(0, 0.05) for _ in range(24_000)])

    assert reading.channels[0].span is None


def test_time_that_goes_back_is_drawn_in_the_order_of_rows(tmp_path):
    reading, signal = prepared(tmp_path, [1.0, 2.0, 3.0], [0.0, 2.0, 1.0])

    assert (reading.x_name, reading.x_end, signal.x_end) == ("", 2.0, 2.0)
    assert "goes back" in reading.notes[0]


class TestPlot:
    curve = Curve([0.0, 1.0, 2.0, 3.0], [28.0, 22.3, 27.0, 28.0], [28.1, 25.0, 28.0, 28.2], 4.0)

    def test_says_in_words_what_it_shows(self):
        svg = plot(
            self.curve, Frame("String B <b>", "V", limits=(Limit(24.0),), mark=(1.0, 22.3), span=(1.0, 2.0))
        )

        assert (
            "From 22.3 V to 28.2 V, between 0 s and 4 s. The extreme is 22.3 V at 1 s. Limit 24 V is crossed."
            in svg
        )
        assert "String B &lt;b&gt;" in svg
        assert "style=" not in svg

    def test_draws_spikes_as_strokes_and_holes_as_breaks(self):
        holed = Curve([0.0, 1.0, 2.0, 90.0], [1.0, math.nan, 2.0, 3.0], [1.0, math.nan, 2.0, 3.0], 91.0)

        assert plot(holed, Frame("x", step=1.0)).count("M") >= 3

    def test_a_trace_is_small(self):
        xs = [float(k) for k in range(352)]
        long = Curve(xs, [math.sin(k / 9) for k in xs], [math.sin(k / 9) + 0.1 for k in xs], 352.0)

        assert len(trace(long, (100.0, 150.0), 1.0)) < 1_200

    @pytest.mark.parametrize(
        "values",
        [[math.nan] * 3, [5.0, 5.0, 5.0], [0.0, 0.0, 0.0], [1e-12, 2e-12, 1e-12], [1e30, -1e30, 0.0]],
    )
    def test_any_values_can_be_drawn(self, values):
        curve = Curve([0.0, 1.0, 2.0], values, values, 3.0)

        assert "nan" not in plot(curve, Frame("x")) + trace(curve, (0.0, 1.0), 1.0)

    @given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9), st.integers(2, 10))
    def test_ticks_are_few_and_within(self, low, reach, most):
        ticks = nice_ticks(low, low + reach, most)

        assert 1 <= len(ticks) <= most
        assert all(low - 1e-6 * reach <= tick <= low + reach * 1.000001 for tick in ticks) or len(ticks) == 1

    @pytest.mark.parametrize(
        ("value", "words"),
        [(-20, "−20"), (1234.5, "1,234.5"), (0, "0"), (22.3, "22.3"), (1e12, "1e+12"), (0.00001, "1e−05")],
    )
    def test_numbers_are_written_as_people_write_them(self, value, words):
        assert number(value) == words


@settings(max_examples=40)
@given(st.integers(2, 40_000), st.integers(1, 400), st.floats(-10, 450), st.booleans())
def test_a_place_in_x_is_found_as_if_all_were_looked_at(tmp_path_factory, rows, distinct, x, after):
    folder = tmp_path_factory.mktemp("x")
    xs = sorted(k * 7919 % distinct for k in range(rows))  # many are the same
    _, signal = prepared(folder, list(range(rows)), xs)

    if xs[0] < xs[-1]:
        look = bisect.bisect_right if after else bisect.bisect_left
        for wanted in (x, float(round(x))):
            assert signal._index(wanted, after=after) == look(xs, wanted)


def test_a_window_is_read_in_a_few_short_reads(tmp_path):
    """Out of a bucket each of them is a request."""
    rows = 300_000
    _, signal = prepared(tmp_path, [k % 7 for k in range(rows)], [k / 100 for k in range(rows)])
    reads = []

    class Watched:
        def __init__(self, file):
            self._file = file

        def seek(self, at):
            self._file.seek(at)

        def read(self, size):
            reads.append(size)
            return self._file.read(size)

    signal._file = Watched(signal._file)
    for _ in range(4):
        signal.curve(0, 1000, 2000, 1040)

    assert len(reads) < 16
    assert sum(reads) < 1_000_000
