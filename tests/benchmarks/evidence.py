"""What evidence costs: reading a CSV beside pandas, the page of a recording, and uploads beside `cat`.

    python -m tests.benchmarks.evidence [--megabytes 100] [--rounds 3]

The bars: reading takes at most twice the time of pandas.read_csv on the same file in the same run, and under 300 MB of memory;
the page of a recording takes the server under 50 ms; an upload goes at 80 % of the speed of `cat` from a socket to the disk.
Processor time is what a machine that others use does not change; what goes by the clock is worth something on an idle one only.
"""

import argparse
import http.client
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from . import service

PAGES = 40  # requests for each
BOUNDARY = b"edge-of-the-parts-of-this-upload"
PANDAS = """
import resource, sys, time, pandas
began, used = time.perf_counter(), time.process_time()
pandas.read_csv(sys.argv[1])
print(time.process_time() - used, time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def main() -> None:
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--megabytes", type=int, default=100)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    (service.PROJECT / "var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="findings-evidence-", dir=service.PROJECT / "var"))
    more = {"ISSUETRACKER_RATE_LIMIT": "0", "ISSUETRACKER_UPLOAD_LIMIT": str(2 * 10**9)}
    service.in_a_folder_of_its_own(str(folder), ISSUETRACKER_DATA_DIR=str(folder / "data"), **more)
    measure(folder, asked.megabytes, asked.rounds)


def measure(folder: Path, megabytes: int, rounds: int) -> None:
    _, token, session = service.set_up()
    from issues.models import Attachment
    from issues.tasks import read_evidence

    table = folder / "telemetry.csv"
    write_table(table, megabytes * 10**6)
    busy = os.getloadavg()[0]
    print(
        f"\nEvidence: a CSV of {table.stat().st_size / 1e6:.0f} MB, the best of {rounds}; the machine's load before is {busy:.1f}\n"
    )
    reading(table, folder, rounds)
    with service.servers("issuetracker.wsgi:application", {}) as (ports, pids):
        name = uploading(table, folder, ports[0], token, rounds)
        attachment = Attachment.objects.get(uuid=name)
        read_evidence(attachment.pk)
        pages(ports[0], pids, f"/file/{attachment.uuid}/view", session)


def write_table(path: Path, size: int) -> None:
    """Eight channels at 100 Hz: noise, a drift, and an anomaly."""
    pattern = [
        f"{28 - n % 7 * 0.013:.3f},{24.5 + n % 11 * 0.021:.4f},{n % 1000},{-3.2e-05 * (n % 17):.3e},{21 + n % 5 / 10:.1f},{n % 2},{n * 37 % 991 / 7:.5f}"
        for n in range(1000)
    ]
    with path.open("w") as file:
        file.write("time_s,str_a_v,str_b_v,rate_rpm,drift_a,temp_c,heater,noise\n")
        n = 0
        while file.tell() < size:
            file.write("".join(f"{n / 100 + k / 100:.2f},{pattern[k]}\n" for k in range(1000)))
            n += 1000


def reading(table: Path, folder: Path, rounds: int) -> None:
    from issues.evidence.reader import Reader

    ours, theirs = [], []
    reader = Reader()
    small = folder / "small.csv"
    small.write_text("time_s,v\n0,1\n1,2\n")
    for n in range(rounds):
        told = subprocess.run(
            [sys.executable, "-c", PANDAS, str(table)], capture_output=True, text=True, check=True
        )
        theirs.append(tuple(map(float, told.stdout.split())))
        place = folder / f"reading-{n}"
        place.mkdir()
        reader.close()  # the memory of a fresh process
        reader.look(
            small, "csv", place, lambda _: None
        )  # libraries are loaded before it counts, as those of pandas
        assert reader._process is not None
        used = service.cpu_seconds([reader._process.pid])
        began = time.perf_counter()
        seen = reader.look(table, "csv", place, lambda _: None)
        seconds = time.perf_counter() - began
        pid = reader._process.pid
        status = Path(f"/proc/{pid}/status").read_text()
        memory = float(re.search(r"VmHWM:\s+(\d+)", status)[1])  # type: ignore[index]
        ours.append((service.cpu_seconds([pid]) - used, seconds, memory))
        assert seen["kind"] == "table", seen["problem"]
        shutil.rmtree(place)
    reader.close()
    for name, (used, seconds, memory) in {"reading": min(ours), "pandas.read_csv": min(theirs)}.items():
        print(f"{name:20} {used:6.2f} s of processor time, {seconds:.2f} s, {memory / 1024:.0f} MB")
    verdict("times pandas by processor time", min(ours)[0] / min(theirs)[0], 2.0)
    verdict("times pandas by the clock", min(s for _, s, _ in ours) / min(s for _, s, _ in theirs), 2.0)
    verdict("MB of memory", max(memory for _, _, memory in ours) / 1024, 300)


def uploading(table: Path, folder: Path, port: int, token: str, rounds: int) -> str:
    """The id of what was uploaded last."""
    size = table.stat().st_size
    ours, theirs = [], []
    for _ in range(rounds):
        theirs.append(cat(table, folder / "copy"))
        seconds, identity = upload(table, port, token)
        ours.append(seconds)
    print(f"\nupload               {size / min(ours) / 1e6:6.0f} MB/s")
    print(f"cat, socket to disk  {size / min(theirs) / 1e6:6.0f} MB/s")
    verdict("of cat's speed", min(theirs) / min(ours), 0.8, at_least=True)
    return identity


def cat(table: Path, copy: Path) -> float:
    """Seconds until `cat` has written what came through a socket, and it has reached the disk, as an upload's bytes have."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        copy.open("wb") as out,
        table.open("rb") as source,
    ):
        began = time.perf_counter()
        sender = socket.create_connection(listener.getsockname())
        receiver, _ = listener.accept()
        with receiver, subprocess.Popen(["cat"], stdin=receiver, stdout=out) as process:
            receiver.close()
            while chunk := source.read(1 << 16):
                sender.sendall(chunk)
            sender.close()
            process.wait()
        os.fsync(out.fileno())
        return time.perf_counter() - began


def upload(table: Path, port: int, token: str) -> tuple[float, str]:
    """Seconds for a whole upload, and the id of the attachment."""
    import json

    head = (
        b"--"
        + BOUNDARY
        + b'\r\nContent-Disposition: form-data; name="file"; filename="telemetry.csv"\r\n\r\n'
    )
    tail = b"\r\n--" + BOUNDARY + b"--\r\n"
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    with table.open("rb") as source:
        began = time.perf_counter()
        connection.putrequest("POST", "/attachments")
        connection.putheader("Authorization", f"Bearer {token}")
        connection.putheader("Content-Type", f"multipart/form-data; boundary={BOUNDARY.decode()}")
        connection.putheader("Content-Length", str(len(head) + table.stat().st_size + len(tail)))
        connection.endheaders(head)
        while chunk := source.read(1 << 16):
            connection.send(chunk)
        connection.send(tail)
        response = connection.getresponse()
        reply = json.loads(response.read())
        seconds = time.perf_counter() - began
    assert response.status == 201, reply
    return seconds, str(reply["attachment_id"])


def pages(port: int, pids: list[int], path: str, session: str) -> None:
    """The page of a recording: all of it, and windows of it."""
    print()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    for name, query in (("page of a recording", ""), ("a hundredth of it", "?from=1000&to=1100"), ("a stretch of 1 s", "?from=1000&to=1001")):  # fmt: skip
        times, used = [], service.cpu_seconds(pids)
        for _ in range(PAGES):
            began = time.perf_counter()
            connection.request("GET", path + query, headers={"Cookie": f"sessionid={session}"})
            response = connection.getresponse()
            page = response.read()
            times.append((time.perf_counter() - began) * 1000)
            assert response.status == 200, response.status
            assert b'class="chart"' in page
        used = (service.cpu_seconds(pids) - used) * 1000 / PAGES
        print(
            f"{name:20} {used:6.1f} ms of processor time, {statistics.median(times):.1f} ms at the median, {len(page) / 1000:.0f} kB"
        )
        verdict("ms", used, 50)


def verdict(what: str, figure: float, bar: float, *, at_least: bool = False) -> None:
    held = figure >= bar if at_least else figure <= bar
    print(f"  {figure:.2f} {what}, the bar is {bar:g}{'' if held else ': MISSED'}", flush=True)


if __name__ == "__main__":
    main()
