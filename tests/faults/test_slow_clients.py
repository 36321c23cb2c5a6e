"""Two hundred clients that dawdle do not keep anybody else waiting, on what `make run` ships."""

import contextlib
import os
import socket
from collections.abc import Iterator

import pytest

from .conftest import Service, ask, figure, until

SLOW = 200
HEAD = b"POST /issues HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
EDGE = b"edge-of-the-parts-of-a-form"  # a short one would be found in random bytes now and then
FORM = b"multipart/form-data; boundary=" + EDGE
UPLOAD = (
    b"POST /attachments HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: " + FORM + b"\r\n"
    b"Content-Length: 50000000\r\n\r\n--" + EDGE + b"\r\n"
)
PART = b"--" + EDGE + b'\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\n\r\n'
END = b"\r\n--" + EDGE + b"--\r\n"
LAST = b"GET /issues?limit=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
# What each kind of dawdler has said when it falls silent.
KINDS = {
    "says nothing": b"",
    "stops within the head": HEAD,
    "stops within a small body": HEAD + b'Content-Length: 1000\r\n\r\n{"title": "',
    "stops within a large upload": UPLOAD,
    "stops within chunks": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhe",
    "never reads its answer": b"GET /issues?limit=200 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "stays after its last answer": LAST,
}


@contextlib.contextmanager
def dawdlers(port: int, said: bytes) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(SLOW):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            client.sendall(said)
            clients.append(client)
        yield clients


@pytest.mark.parametrize("kind", KINDS)
def test_ten_of_ten_normal_requests_are_answered_in_time_beside_200_slow_ones(running: Service, kind: str):
    with dawdlers(running.port, KINDS[kind]):
        answers = [ask(running.port, path) for path in ("/", "/issues", "/new", "/issues/metrics", "/") * 2]

        assert [answer.status for answer in answers] == [200] * 10
        assert max(answer.seconds for answer in answers) < figure(1)


def test_a_client_that_stays_after_its_last_answer_is_left_after_a_while(running: Service):
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.sendall(LAST)
        answer = b"".join(iter(lambda: client.recv(65536), b""))

        def has_left() -> bool:
            try:
                client.sendall(b"x")
            except (BrokenPipeError, ConnectionResetError):
                return True
            return False

        until(has_left, 10, "the server has closed its side, too")

    assert answer.startswith(b"HTTP/1.1 200 ")


def test_a_small_upload_gets_through_beside_one_slow_client_less_than_there_is_room_for(running: Service):
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            client = stack.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=10))
            client.sendall(UPLOAD)
        body = PART + os.urandom(200_000) + END
        answer = ask(running.port, "/attachments", "POST", body, Content_Type=FORM.decode())

    assert answer.status == 201


def test_a_request_in_single_bytes_is_answered_like_any_other(running: Service):
    body = b'{"title": "One byte at a time", "description": []}'
    whole = HEAD + b"Content-Length: %d\r\nConnection: close\r\n\r\n" % len(body) + body
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in whole:
            client.sendall(bytes([byte]))
        answer = b"".join(iter(lambda: client.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 201 ")


def test_what_is_sent_right_behind_an_upload_is_answered_too(running: Service):
    part = PART + os.urandom(3_000_000) + END
    upload = UPLOAD.removesuffix(b"--" + EDGE + b"\r\n").replace(b"50000000", b"%d" % len(part)) + part
    last = b"GET /no-such-page HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.sendall(upload + upload + last)
        answers = b"".join(iter(lambda: client.recv(65536), b""))

    assert [answers.count(b"HTTP/1.1 " + status) for status in (b"201 ", b"404 ")] == [2, 1], answers[:1000]
    assert answers.find(b"HTTP/1.1 404") > answers.rfind(b"HTTP/1.1 201")


def test_requests_sent_in_one_go_are_answered_in_their_order(running: Service):
    first = b"GET /issues?limit=1 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    second = b"GET /no-such-page HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.sendall(first + second)
        answer = b"".join(iter(lambda: client.recv(65536), b""))

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"HTTP/1.1 404 " in answer


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\r\n\r\n",
        b"GET\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\r\n\r\n",
        HEAD + b"Content-Length: " + b"9" * 5000 + b"\r\n\r\n",
        HEAD + b"Content-Length: -1\r\n\r\n",
        HEAD + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        HEAD + b"X: " + b"a" * 70_000,
    ],
)
def test_nonsense_is_refused_and_harms_nobody(running: Service, nonsense: bytes):
    workers = running.children(running.gunicorn_pid())
    with socket.create_connection(("127.0.0.1", running.port), timeout=10) as client:
        client.sendall(nonsense)
        client.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            answer = client.recv(65536)
            assert answer == b"" or answer.startswith(b"HTTP/1.1 4")

    until(lambda: ask(running.port).status == 200, 5, "others are answered")
    assert running.children(running.gunicorn_pid()) == workers
