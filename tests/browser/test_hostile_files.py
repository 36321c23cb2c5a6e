"""Files that mean harm, on the real server and in a real Chromium: no script runs, nothing leaves the store."""

import json
import re
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from playwright.sync_api import Browser, Error, Page

from issues.evidence.serving import HEADERS
from tests import hostile
from tests.server import Server

pytestmark = pytest.mark.xdist_group("live")
EDGE = b"edge-of-a-part-of-the-form"
TYPES = {"application/octet-stream", "text/csv", "text/plain", "text/markdown", "application/json", "application/pdf",
         "text/tab-separated-values", "image/png", "image/jpeg", "image/gif", "image/webp"}  # fmt: skip
KEY = re.compile(r"[0-9a-f]{2}/[0-9a-f]{32}(\.signal|\.preview|\.display)?")


def upload(server: Server, name: bytes, content: bytes) -> tuple[int, dict[str, Any]]:
    """What the server says to a file of this very name."""
    part = b'Content-Disposition: form-data; name="file"; filename="' + name + b'"\r\n\r\n'
    body = b"--" + EDGE + b"\r\n" + part + content + b"\r\n--" + EDGE + b"--\r\n"
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request(
        "POST", "/attachments", body, {"Content-Type": f"multipart/form-data; boundary={EDGE.decode()}"}
    )
    with connection.getresponse() as response:
        return response.status, json.loads(response.read())


def get(server: Server, path: str) -> tuple[int, list[tuple[str, str]], bytes]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.request("GET", path)
    with connection.getresponse() as response:
        return response.status, response.getheaders(), response.read()


def post(server: Server, path: str, body: Any) -> Any:
    request = urllib.request.Request(
        server.address + path, json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as response:
        return json.load(response)


@pytest.fixture(scope="session")  # tests of other modules come between those that need it
def kept(local: Server) -> dict[str, str]:
    """Every file that was taken, name → id, all in the evidence of one issue and read by the worker."""
    ids = {}
    for file in hostile.files():
        status, said = upload(local, file.name.encode(), file.content)
        assert status == 201, (file.name, said)
        ids[file.name] = said["attachment_id"]
    local.manage("worker", "--once")
    return ids


@pytest.fixture(scope="session")  # tests of other modules come between those that need it
def issue(local: Server, kept: dict[str, str]) -> str:
    """The address of the issue page that shows them all."""
    blocks = [
        {"type": "plot", "file": "columns.csv", "label": "<script>ran(1)</script>"},
        {
            "type": "image",
            "file": "drawing.svg",
            "url": f"/file/{kept['drawing.svg']}",
            "alt": '"><svg onload=ran(1)>',
        },
        {"type": "paragraph", "text": f"[open](/file/{kept['report.html']}) ![x](/file/{kept['rig.png']})"},
    ]
    made = post(local, "/issues", {"title": "Hostile <script>ran(1)</script>", "description": blocks, "attachment_ids": list(kept.values())})  # fmt: skip
    page = urllib.request.urlopen(f"{local.address}/list").read().decode()
    reference = re.search(r"/(FND-\d+)[^>]*>[^<]*Hostile", page)
    assert made["uuid"]
    assert reference, "the list shows it"
    return f"/{reference[1]}"


@contextmanager
def careless(files: dict[str, hostile.Hostile]) -> Iterator[str]:
    """A server that sends each file as what its type says, as servers do that are not careful."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            file = files.get(self.path.lstrip("/"))
            self.send_response(200 if file else 404)
            self.send_header("Content-Type", file.type if file else "text/plain")
            self.end_headers()
            self.wfile.write(file.content if file else b"")

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()


@contextmanager
def trap(browser: Browser, address: str) -> Iterator[tuple[Page, list[str]]]:
    """A page, and what ran: calls of `ran` from any window, requests for /ran, and dialogs."""
    context = browser.new_context(base_url=address)
    ran: list[str] = []
    context.expose_binding("ran", lambda source, *_: ran.append(f"script in {source['page'].url}"))
    context.on(
        "request",
        lambda request: ran.append(f"asked for {request.url}") if request.url.endswith("/ran") else None,
    )
    page = context.new_page()
    page.on("dialog", lambda dialog: (ran.append("a dialog"), dialog.dismiss()))
    page.set_default_timeout(10_000)
    yield page, ran
    context.close()


def open_(page: Page, path: str) -> None:
    try:
        page.goto(path)
    except Error as error:  # it is saved instead of shown, which is what should be
        if "Download is starting" not in error.message and "ERR_ABORTED" not in error.message:
            raise


def test_the_trap_catches_what_runs_on_a_careless_server(browser: Browser):
    """Otherwise the next test would prove nothing."""
    files = {file.name: file for file in hostile.files() if file.live}
    caught = {}
    with careless(files) as address, trap(browser, address) as (page, ran):
        for name in files:
            ran.clear()
            open_(page, f"/{name}")
            page.evaluate("new Promise(requestAnimationFrame)")
            caught[name] = bool(ran)

    assert len(files) >= 14
    assert [name for name, ran in caught.items() if not ran] == []


def test_no_script_runs_wherever_they_are_opened(
    browser: Browser, local: Server, kept: dict[str, str], issue: str
):
    with trap(browser, local.address) as (page, ran):
        for file in hostile.files():
            page.goto(f"/file/{kept[file.name]}/view")
            if file.live or file.type != "application/octet-stream":
                open_(page, f"/file/{kept[file.name]}")
        page.goto(issue)
        page.goto(f"{issue}/files")
        # On a page of ours, whose policy allows what comes from here: as a script, a worker, a style, a frame, an object.
        page.evaluate(
            """async (paths) => {
              for (const path of paths) {
                for (const [tag, name, more] of [["script", "src", {}], ["script", "src", { type: "module" }], ["img", "src", {}],
                    ["link", "href", { rel: "stylesheet" }], ["iframe", "src", {}], ["object", "data", {}], ["embed", "src", {}]]) {
                  const element = Object.assign(document.createElement(tag), more, { [name]: path });
                  document.body.append(element);
                }
                await navigator.serviceWorker?.register(path).catch(() => {});
                try { new Worker(path); } catch { /* refused */ }
              }
              await Promise.all(paths.map((path) => fetch(path).then((answer) => answer.blob())));
            }""",
            [f"/file/{kept[name]}" for name in ("report.html", "worker.js", "trace.gif", "plot.png", "drawing.svg", "report.pdf", "import.css")],
        )  # fmt: skip
        page.wait_for_load_state("networkidle")

        assert ran == []


def test_every_answer_with_bytes_has_the_headers_that_keep_it_harmless(local: Server, kept: dict[str, str]):
    shown = set()
    for name, identity in kept.items():
        exported = post(local, f"/attachments/{identity}/export", {})["url"].removeprefix(local.address)
        for path in (
            f"/file/{identity}",
            f"/file/{identity}?download",
            exported,
            f"/file/{identity}/preview",
        ):
            status, headers, body = get(local, path)
            if status == 404 and path.endswith("/preview"):
                continue
            told = dict(headers)
            assert status == 200
            assert len(told) == len(headers)
            assert (
                told.items()
                >= {key: value for key, value in HEADERS.items() if key != "Cache-Control"}.items()
            )
            assert told["Cross-Origin-Opener-Policy"] == "same-origin"
            assert told["Content-Type"].partition(";")[0] in TYPES
            if path.endswith("/preview"):
                assert body[:4] == b"RIFF"
                continue
            if told["Content-Disposition"].startswith("inline"):
                shown.add(name)
                assert told["Content-Type"].startswith("image/")
            else:
                assert told["Content-Disposition"].startswith("attachment; ")

    assert shown == {"trace.gif", "plot.png", "strap.jpeg", "strap.webp"}  # the real images among them


def test_the_worker_says_of_each_what_it_is_or_why_not(local: Server, kept: dict[str, str]):
    reasons = {}
    for name, identity in kept.items():
        status, _, page = get(local, f"/file/{identity}/view")
        reasons[name] = page.decode()
        assert status == 200, name
        assert f"Reading {name}" not in reasons[name], "it is still waiting"
    refused = (
        "pixels.png",
        "text.png",
        "cut.png",
        "zeros.gz",
        "many.zip",
        "deep.jsonl",
        "program.npy",
        "report.pdf",
    )
    assert [name for name in refused if "Cannot be shown." not in reasons[name]] == []
    assert str(local.data) not in "".join(reasons.values())
    assert "\u202e" not in "".join(reasons.values())
    assert "=cmd|&#x27; /C calc&#x27;!A0" in reasons["formulas.csv"]  # text in a cell


def test_names_end_up_as_names_and_nowhere_else(local: Server):
    before = set(local.data.rglob("*"))
    outside = set(local.data.parent.iterdir())
    for name in hostile.NAMES:
        status, said = upload(local, name, b"t,v\n0,1\n")
        assert status in (201, 400, 422), (name, said)
        if status != 201:
            continue
        kept = said["attachment_name"]
        assert 1 <= len(kept) <= 255
        assert not set(kept) & set("/\\\r\n\0\u202e\u2066\u2028\u200f")
        for path in (f"/file/{said['attachment_id']}", f"/file/{said['attachment_id']}/view"):
            status, headers, _ = get(local, path)
            assert status == 200
            assert {key.lower() for key, _ in headers}.isdisjoint({"x-evil", "refresh"})
            assert not any(key == "Set-Cookie" and "sessionid=1" in value for key, value in headers)
        disposition = dict(get(local, f"/file/{said['attachment_id']}")[1])["Content-Disposition"]
        assert re.fullmatch(
            r"attachment; filename=\"[\w .()+,=@-]+\"; filename\*=UTF-8''[\w.~%-]+", disposition, re.ASCII
        )

    assert set(local.data.parent.iterdir()) == outside
    new = {
        str(path.relative_to(local.data / "files"))
        for path in local.data.rglob("*")
        if path.is_file() and path not in before
    }
    assert new
    assert [key for key in new if not KEY.fullmatch(key)] == []
