"""A full disk on upload: 507, and neither a file nor a row is left."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import psycopg
import pytest

from issuetracker.database import EmbeddedPostgres

from .conftest import Answer, Service, ask, file_issue, until

ROOM = 1024 * 1024  # bytes of the little disk
EDGE = "edge-of-the-parts-of-a-form"  # a short one would be found in random bytes now and then


def _little_disk() -> tuple[str, ...]:
    """The command that mounts a small file system where only its own processes see it; no root needed."""
    alone = (
        ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--mount"]
    )
    probe = [*alone, "mount", "-t", "tmpfs", "none", "/mnt"]
    if not shutil.which("unshare") or subprocess.run(probe, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a small disk (no namespaces)")
    return (
        *alone,
        "sh",
        "-c",
        f'mount -t tmpfs -o size={ROOM} none "$ISSUETRACKER_DATA_DIR/files" && exec "$@"',
        "sh",
    )


def upload(port: int, path: str, size: int, field: str = "file") -> Answer:
    head = f'--{EDGE}\r\nContent-Disposition: form-data; name="{field}"; filename="big.bin"\r\n\r\n'.encode()
    body = head + os.urandom(size) + f"\r\n--{EDGE}--\r\n".encode()
    return ask(port, path, "POST", body, timeout=60, Content_Type=f"multipart/form-data; boundary={EDGE}")


def send_form(port: int, path: str, size: int, fields: dict[str, str]) -> Answer:
    """A form with a file as a browser sends it, its token included."""
    token = ask(port, "/new").headers["set-cookie"].partition("csrftoken=")[2].partition(";")[0]
    parts = [
        f'--{EDGE}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    ]
    parts += [f'--{EDGE}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{token}\r\n']
    parts += [f'--{EDGE}\r\nContent-Disposition: form-data; name="files"; filename="big.bin"\r\n\r\n']
    body = "".join(parts).encode() + os.urandom(size) + f"\r\n--{EDGE}--\r\n".encode()
    return ask(
        port,
        path,
        "POST",
        body,
        timeout=60,
        Content_Type=f"multipart/form-data; boundary={EDGE}",
        Cookie=f"csrftoken={token}",
    )


def test_a_full_disk_on_upload_is_507_and_leaves_nothing_behind(
    postgres: EmbeddedPostgres, house: Path, tmp_path: Path
):
    folder = tmp_path / "data"
    (folder / "files").mkdir(parents=True)
    (folder / "static").symlink_to(house / "static")
    service = Service.production(folder, postgres.url, before=_little_disk())
    try:
        service.ready()
        seen = Path(f"/proc/{service.process.pid}/root{folder}/files")  # as its processes see it

        def files() -> list[Path]:
            return [path for path in seen.rglob("*") if path.is_file()]

        def rows() -> int:
            count: int = ask(service.port, "/attachments").json["count"]
            return count

        before, had = files(), rows()

        for size in (ROOM + 200_000, 3 * ROOM):
            assert upload(service.port, "/attachments", size).status == 507
            assert (files(), rows()) == (before, had)

        session = ask(service.port, "/sessions", "POST", {"title": "Full"}).json["session_id"]
        assert upload(service.port, f"/sessions/{session}/upload-files", 2 * ROOM, "files").status == 507
        assert (files(), rows()) == (before, had)

        # On a page, too: in words at the field, with what was typed.
        uuid = file_issue(service.port, "Full").json["uuid"]
        with psycopg.connect(postgres.url) as connection:
            [number] = connection.execute("SELECT id FROM issues_issue WHERE uuid = %s", [uuid]).fetchone()
        reference = f"FND-{number}"
        pages = [
            ("/new", {"title": "Battery B"}),
            (f"/{reference}/comments", {"content": "Battery B"}),
            (f"/{reference}/files", {}),
        ]
        for path, typed in pages:
            for size in (ROOM + 200_000, 3 * ROOM):
                full = send_form(service.port, path, size, typed)
                assert full.status == 507
                assert b"The server has no room for this file. Nothing was saved." in full.body
                assert not typed or b"Battery B</textarea>" in full.body
                assert (files(), rows()) == (before, had)

        assert upload(service.port, "/attachments", 100_000).status == 201  # there is room for this one
        assert rows() == had + 1
    finally:
        service.close()


def test_a_client_that_goes_away_in_the_middle_of_an_upload_leaves_nothing_behind(
    running: Service, house: Path
):
    incoming = house / "files" / "incoming"
    head = (
        b"POST /attachments HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    )
    part = b'--b\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n\r\n'
    had = ask(running.port, "/attachments").json["count"]

    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.sendall(head + b"Content-Length: 5000000\r\n\r\n" + part + bytes(1_000_000))
        until(lambda: any(incoming.iterdir()), 10, "the upload arrives on the disk")

    until(lambda: not any(incoming.iterdir()), 10, "it is gone again")
    assert ask(running.port, "/attachments").json["count"] == had
