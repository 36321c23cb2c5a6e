"""The process in which files are read: what breaks it breaks nothing else."""

import io
import os
import signal
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest

from issues.evidence.reader import Reader

CSV = b"time_s,v\n" + b"".join(b"%d,%d\n" % (n, n % 7) for n in range(100))


@pytest.fixture(scope="module")
def reader() -> Iterator[Reader]:
    reader = Reader()
    yield reader
    reader.close()


@pytest.fixture
def look(reader, tmp_path):
    def look(name, content):
        path = tmp_path / name
        path.write_bytes(content)
        return reader.look(path, path.suffix[1:], tmp_path, lambda _: None)

    return look


def test_a_file_that_brings_it_down_is_unreadable_and_the_next_is_read(look):
    broken = look("deep.jsonl", b'{"a":' * 100_000 + b"1" + b"}" * 100_000)

    assert broken["kind"] == "other"
    assert broken["problem"].startswith("Reading it failed")
    assert look("a.csv", CSV)["facts"]["rows"] == 100


def test_killed_between_two_files_it_is_started_again(look, reader):
    look("a.csv", CSV)
    os.kill(reader._process.pid, signal.SIGKILL)
    reader._process.wait()

    assert look("a.csv", CSV)["facts"]["rows"] == 100


def test_what_would_not_fit_into_its_memory_is_refused(look):
    head, out = io.BytesIO(), io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"descr": "<f8", "fortran_order": False, "shape": (10**9,)})
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("v.npy", head.getvalue())

    assert "more memory" in look("zeros.npz", out.getvalue())["problem"]


def test_it_knows_no_secret(look, reader, monkeypatch):
    reader.close()
    monkeypatch.setenv("DATABASE_URL", "postgres://secret")
    look("a.csv", CSV)

    with open(f"/proc/{reader._process.pid}/environ", "rb") as file:
        assert b"secret" not in file.read()
