"""What only a real server shows: bytes on a socket, two processes, several at once."""

import json
import socket
import time
import urllib.error
import urllib.request
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests import server

pytestmark = pytest.mark.xdist_group("live")
BODY = b'{"title":"Sent in pieces","description":[]}'


@pytest.fixture
def head(live_token):
    return (
        f"POST /issues HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {live_token}\r\nConnection: close\r\n"
        "Content-Type: application/json\r\n"
    ).encode()


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


class TestBodies:
    def test_in_chunks_are_read(self, live, head):
        chunks = (
            b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:1], BODY[1:20], BODY[20:]))
            + b"0\r\n\r\n"
        )

        answer = live.exchange(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)

        assert status(answer) == 201
        assert b'"title" : "Sent in pieces"' in answer

    @pytest.mark.parametrize("extra", [0, 1])
    def test_in_chunks_have_the_same_limit(self, live, head, extra):
        start = b'{"title":"a","description":[],"zzz":"'
        body = start + b"x" * (1024 * 1024 - len(start) - 2 + extra) + b'"}'

        answer = live.exchange(
            head + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)
        )

        assert status(answer) == (413 if extra else 201)

    @pytest.mark.parametrize(
        "rest",
        [
            b"Transfer-Encoding: chunked\r\n\r\nZZ\r\n{}\r\n0\r\n\r\n", b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
            b"Content-Length: -1\r\n\r\n", b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n{}    ", b"Content-Length: x\r\n\r\n{}",
            b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", b"X: y\r\n z\r\n\r\n", b"X\r\n\r\n", b"\0: x\r\n\r\n", b"\r\n",
        ],
    )  # fmt: skip
    def test_that_are_framed_oddly_are_refused(self, live, head, rest):
        assert 400 <= status(live.exchange(head + rest)) < 502

    def test_that_end_too_early_make_nothing(self, live, head):
        with socket.create_connection(("127.0.0.1", live.port), 10) as connection:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % (len(BODY) + 1) + BODY)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(65536)

        assert not answer or status(answer) == 400

    def test_that_come_slowly_hold_nobody_up(self, live, live_token, head):
        slow = [socket.create_connection(("127.0.0.1", live.port), 10) for _ in range(40)]
        for connection in slow:
            connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(BODY) + BODY[:5])

        began = time.monotonic()
        answers = [get(live, live_token, "/issues?limit=1") for _ in range(5)]
        waited = time.monotonic() - began
        for connection in slow:
            connection.sendall(BODY[5:])
        ended = [status(connection.recv(65536)) for connection in slow]
        for connection in slow:
            connection.close()

        assert answers == [200] * 5
        assert waited < 5
        assert ended == [201] * len(slow)

    def test_of_an_upload_need_a_length(self, live, live_token):
        head = f"POST /attachments HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {live_token}\r\nConnection: close\r\n"
        head += "Content-Type: multipart/form-data; boundary=x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"

        assert status(live.exchange(head.encode())) == 411


def get(live: server.Server, token: str, path: str) -> int:
    request = urllib.request.Request(live.address + path, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_the_limit_is_one_over_all_workers(live_url, tmp_path):
    """Two processes, twice the limit, on connections of their own: exactly the limit is let through."""
    with server.server(live_url, tmp_path, ISSUETRACKER_RATE_LIMIT="30") as limited:
        limited.manage("create_user", "limited@example.com", "--no-password")

        def ask(path: str) -> tuple[Counter[int], bool]:
            token, minute = limited.token("limited@example.com"), int(time.time() // 60)
            with ThreadPoolExecutor(8) as pool:
                answers = Counter(pool.map(lambda _: get(limited, token, path), range(60)))
            return answers, minute == int(time.time() // 60)

        answers, within_a_minute = ask("/issues?limit=1")
        if not within_a_minute:  # the count began anew meanwhile; now there is most of a minute
            answers, _ = ask("/issues?limit=1")

        assert answers == {200: 30, 429: 30}


def test_a_refusal_by_the_server_itself_tells_nothing_of_its_inside(live):
    answer = live.exchange(b"NONSENSE\r\n\r\n")

    assert status(answer) == 400
    assert b"Traceback" not in answer
    assert b"gunicorn/" not in answer


def test_the_description_is_served_as_it_is_made(live):
    with urllib.request.urlopen(f"{live.address}/openapi.json") as answer:
        assert json.load(answer)["info"]["title"] == "Findings"
