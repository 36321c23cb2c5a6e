"""What loggers write, read as tables: delimiters, decimals, headers, units, moments, and files that are none of it."""

import math
import threading
import wave
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from issues.evidence import tables
from issues.evidence.signals import Prepared, prepare
from issues.evidence.tables import Unreadable, column_of, open_table


def read(tmp_path, content, extension="csv"):
    """The reading of a file with this content, and its prepared signal."""
    path = tmp_path / f"file.{extension}"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    out = tmp_path / "prepared"
    reading = prepare(open_table(path, extension), out, tmp_path)
    return reading, Prepared(out.open("rb"))


def rows(*cells, sep=",", n=20):
    return "".join(sep.join(cell(k) if callable(cell) else cell for cell in cells) + "\n" for k in range(n))


class TestCsv:
    @pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
    def test_with_any_common_delimiter(self, tmp_path, sep):
        reading, _ = read(
            tmp_path,
            sep.join(["time_s", "bus_v"])
            + "\n"
            + rows(lambda k: f"{k / 10}", lambda k: f"{28 - k}.5", sep=sep),
        )

        assert [(c.name, c.unit, c.count) for c in reading.channels] == [("bus_v", "V", 20)]
        assert (reading.x_name, reading.x_unit, reading.x_begin, reading.x_end) == ("time_s", "s", 0.0, 1.9)
        assert (reading.channels[0].low, reading.channels[0].low_at) == (9.5, 1.9)

    def test_with_decimal_commas(self, tmp_path):
        reading, _ = read(
            tmp_path, "Zeit [s];Strom [A]\n" + rows(lambda k: f"{k},5", lambda k: f"3,{k:02}", sep=";")
        )

        assert (reading.channels[0].unit, reading.channels[0].high, reading.x_begin) == ("A", 3.19, 0.5)

    def test_without_a_header_the_first_even_column_is_time(self, tmp_path):
        reading, _ = read(tmp_path, rows(lambda k: f"{k * 0.5}", lambda k: f"{k % 3}"))

        assert [c.name for c in reading.channels] == ["column 2"]
        assert (reading.rows, reading.x_end) == (20, 9.5)

    @pytest.mark.parametrize(
        ("first", "write"),
        [
            ("timestamp", lambda k: f"2026-10-01T10:00:{k:02}Z"),
            ("timestamp", lambda k: f"2026-10-01 10:00:{k:02}.000"),
            ("when", lambda k: f"2026-10-01T12:00:{k:02}+02:00"),
            ("Datum", lambda k: f"01.10.2026 10:00:{k:02}"),
            ("epoch", lambda k: f"{1_790_848_800 + k}"),
            ("time_ms", lambda k: f"{(1_790_848_800 + k) * 1000}"),
        ],
    )
    def test_moments_are_read_however_they_are_written(self, tmp_path, first, write):
        reading, _ = read(tmp_path, f"{first};v\n" + rows(write, lambda k: f"{k}", sep=";"))

        assert reading.is_clock
        assert datetime.fromtimestamp(reading.x_begin, UTC) == datetime(2026, 10, 1, 10, tzinfo=UTC)
        assert reading.x_end - reading.x_begin == 19

    def test_comments_titles_and_a_row_of_units_come_before_the_numbers(self, tmp_path):
        head = "# logger 7\nRun 1184\nt,string_b,temp\ns,mV,degC\n"
        reading, _ = read(tmp_path, head + rows(lambda k: f"{k}", lambda k: f"{k}", "21.5"))

        assert [(c.name, c.unit) for c in reading.channels] == [("string_b", "mV"), ("temp", "°C")]

    def test_a_byte_order_mark_latin_1_and_windows_line_ends_do_no_harm(self, tmp_path):
        marked, _ = read(
            tmp_path, "\ufefft,v\r\n" + rows(lambda k: f"{k}", lambda k: f"{k}").replace("\n", "\r\n")
        )
        latin, _ = read(
            tmp_path, ("t;Temp [°C]\n" + rows(lambda k: f"{k}", lambda k: f"{k}", sep=";")).encode("latin-1")
        )

        assert (marked.x_name, latin.channels[0].unit) == ("t", "°C")

    def test_missing_values_leave_holes(self, tmp_path):
        reading, signal = read(tmp_path, "t,v\n0,1\n1,\n2,NaN\n3,--\n4,5\n")

        assert reading.channels[0].count == 2
        assert [low for low in signal.curve(0, 0, 4, 100).lows if low == low] == [1, 5]

    def test_a_few_broken_cells_and_rows_are_left_out_and_said(self, tmp_path):
        body = rows(lambda k: f"{k}", lambda k: f"{k}", n=200).replace("100,100\n", "100,oops\n").replace("150,150\n", "150,150,150\n")  # fmt: skip
        reading, _ = read(tmp_path, "t,v\n" + body)

        assert reading.channels[0].count == 198
        assert len(reading.notes) == 2

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            ("", "empty"),
            ("only a line\n", "no table"),
            ("a,b\nx,y\nz,w\n", "No column holds numbers"),
            (b"t,v\n\x00\x00", "zero bytes"),
            ("t,v\n" + "1,2\n" * 50 + "1,2,3\n" * 50, "Line 5"),
        ],
    )
    def test_what_is_no_table_says_why(self, tmp_path, content, words):
        with pytest.raises(Unreadable, match=words):
            read(tmp_path, content)

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(
        st.lists(st.sampled_from(["{n},{n}.5", "{n},-{n}e3", "{n},", "{n},oops", "{n}", "{n},1,2", ""]), max_size=12),
        st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["utf-8", "utf-8-sig", "latin-1", "utf-16"]),
        st.booleans(), st.integers(24, 200),
    )  # fmt: skip
    def test_in_blocks_of_any_size_it_is_read_the_same(
        self, tmp_path, monkeypatch, lines, end, encoding, ends, block
    ):
        good = [f"{n},{n}.25" for n in range(30)]
        body = [line.format(n=n + 30) for n, line in enumerate(lines)]
        path = tmp_path / "file.csv"
        path.write_bytes(end.join(["t,v °C", *good, *body, *([""] if ends else [])]).encode(encoding))

        def everything():
            try:
                table = open_table(path, "csv")
                batches = list(table.batches())
            except Unreadable as error:
                return str(error).partition(": ")[2] or str(error)
            columns = zip(*[(times, *values) for times, values in batches], strict=True)
            return [np.concatenate(column).tolist() for column in columns], table.notes

        whole = everything()
        with monkeypatch.context() as patch:
            patch.setattr(tables, "BLOCK", block)
            parts = everything()

        assert repr(parts) == repr(whole)  # a hole is a NaN, which equals nothing

    @pytest.mark.parametrize("comments", [0, 3])
    @pytest.mark.parametrize("block", [50, 1 << 20])
    def test_a_broken_row_is_named_by_its_line(self, tmp_path, monkeypatch, comments, block):
        monkeypatch.setattr(tables, "BLOCK", block)
        head = "# logger 7\n" * comments + "t,v\n"

        with pytest.raises(Unreadable, match=f"^Line {comments + 1 + 30 + 1}: 40 rows do not have 2 cells"):
            read(tmp_path, head + "1,2\n" * 30 + "1,2,3\n" * 40)

    def test_a_line_without_an_end_is_no_row(self, tmp_path, monkeypatch):
        monkeypatch.setattr(tables, "BLOCK", 1000)

        with pytest.raises(Unreadable, match="longer than a megabyte"):
            read(tmp_path, "t,v\n" + rows(lambda k: f"{k}", lambda k: f"{k}") + "7," + "7" * 5000)

    def test_reading_that_nobody_wants_any_more_ends(self, tmp_path, monkeypatch):
        monkeypatch.setattr(tables, "BLOCK", 50)
        (tmp_path / "a.csv").write_text("t,v\n" + rows(lambda k: f"{k}", lambda k: f"{k}", n=500))
        before = threading.active_count()
        batches = open_table(tmp_path / "a.csv", "csv").batches()
        next(batches)

        batches.close()

        assert threading.active_count() == before

    @given(st.binary(max_size=400))
    def test_any_bytes_give_a_reading_or_a_reason(self, content):
        import tempfile
        from pathlib import Path

        with tempfile.TemporaryDirectory() as folder:
            try:
                reading, _ = read(Path(folder), content)
            except Unreadable:
                return  # any other exception fails the test
            assert reading.channels


class TestOtherFormats:
    def test_parquet(self, tmp_path):
        moments = pa.array([datetime(2026, 10, 1, 10, 0, k, tzinfo=UTC) for k in range(20)])
        parquet.write_table(
            pa.table({"at": moments, "bus_v": [float(k) for k in range(20)]}), tmp_path / "a.parquet"
        )
        reading = prepare(open_table(tmp_path / "a.parquet", "parquet"), tmp_path / "p", tmp_path)

        assert (reading.is_clock, reading.channels[0].unit, reading.channels[0].high) == (True, "V", 19.0)

    def test_json_lines(self, tmp_path):
        reading, _ = read(
            tmp_path, "".join(f'{{"t": {k}, "v": {k * 2}, "who": "x"}}\n' for k in range(20)), "jsonl"
        )

        assert [(c.name, c.high) for c in reading.channels] == [("v", 38.0)]

    def test_numpy_arrays_but_no_pickles(self, tmp_path):
        np.savez(tmp_path / "a.npz", t=np.arange(50) / 10, v=np.sin(np.arange(50)))
        np.save(tmp_path / "b.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)

        assert prepare(open_table(tmp_path / "a.npz", "npz"), tmp_path / "p", tmp_path).x_end == 4.9
        with pytest.raises(Unreadable):
            open_table(tmp_path / "b.npy", "npy")

    @pytest.mark.parametrize("width", [1, 2, 3])
    def test_sound(self, tmp_path, width):
        with wave.open(str(tmp_path / "a.wav"), "wb") as out:
            out.setparams((1, width, 1000, 0, "NONE", ""))
            full = 2 ** (8 * width - 1) - 1
            for k in range(1000):
                value = int(full * math.sin(k / 10))
                out.writeframes(
                    (value + 128).to_bytes(1, "little")
                    if width == 1
                    else value.to_bytes(width, "little", signed=True)
                )
        reading = prepare(open_table(tmp_path / "a.wav", "wav"), tmp_path / "p", tmp_path)

        assert (reading.rows, round(reading.x_end, 3)) == (1000, 0.999)
        assert 0.98 < reading.channels[0].high <= 1

    @pytest.mark.parametrize("extension", ["parquet", "jsonl", "npy", "npz", "wav"])
    def test_rubbish_says_why(self, tmp_path, extension):
        (tmp_path / "x").write_bytes(b"\x89rubbish" * 50)

        with pytest.raises(Unreadable):
            prepare(open_table(tmp_path / "x", extension), tmp_path / "p", tmp_path)


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("str_b_v", "V"),
        ("Bus voltage [mV]", "mV"),
        ("temp_degc", "°C"),
        ("Kraft (N)", "N"),
        ("torque_mnm", "mNm"),
        ("count", ""),
        ("v", ""),
    ],
)
def test_units_are_read_from_names(name, unit):
    assert column_of(name).unit == unit
