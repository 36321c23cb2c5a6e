"""gunicorn's threaded worker, made patient: a slow client costs a socket, never a thread.

gthread gives a connection to a thread as soon as its first byte is there, and the thread then waits for the rest;
sixteen clients that send a byte a second stop two workers of eight threads. Here the event loop gathers a request
until it is whole (head and small body), and only then does a thread take it up. Larger bodies stream straight to
disk in a thread, as gthread does it, but only half of the threads may be at that, so that the others go on answering.
At the end of a connection gthread waits up to two seconds for the client to close it, too, and its event loop stands
still; here that wait is one more thing the loop looks after.
"""

import contextlib
import selectors
import socket
import ssl
import struct
import time
from collections import deque
from functools import partial
from typing import Any

from gunicorn.http.unreader import SocketUnreader
from gunicorn.workers.gthread import TConn, ThreadWorker

HEAD_LIMIT = 64 * 1024  # bytes; gunicorn's parser has the exact limits, and refuses in words
BODY_LIMIT = 64 * 1024  # bytes of a body that is gathered in memory
GATHER_TIMEOUT = 20.0  # seconds for a head and a small body
LINGER_TIMEOUT = 2.0  # seconds for a client to close after the last answer, as gunicorn's (RFC 9112, 9.6)
LINGER_LIMIT = 64 * 1024  # bytes that are passed over meanwhile
STALL_TIMEOUT = 20  # seconds in which nothing at all moves; in an upload it takes up to twice that to notice


class PatientWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A gthread worker whose threads only ever see whole requests and, a bounded number of them, large uploads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._streams = max(1, self.cfg.threads // 2)  # how many large bodies may still be taken up
        self._queue: deque[TConn] = deque()  # large bodies that wait for their turn
        self._leaving: deque[TConn] = deque()  # told that no more comes, not closed by their clients yet

    def enqueue_req(self, conn: TConn) -> None:
        """gthread's one way from a connection to a thread: by way of the event loop, until the request is whole."""
        if conn.parser is None:
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                with contextlib.suppress(OSError):  # it has gone again
                    conn.sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", STALL_TIMEOUT, 0))
            conn.received = bytearray()
        else:
            conn.received = bytearray(conn.parser.unreader.take_buffered())
        conn.streams = False
        conn.began = time.monotonic()
        conn.timeout = conn.began + GATHER_TIMEOUT
        conn.sock.setblocking(False)
        if _gather(conn):
            self._take_up(conn)
        else:
            self.pending_conns.append(conn)  # where gthread closes what takes too long
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_more, conn))

    def _on_more(self, conn: TConn, sock: socket.socket) -> None:
        if _gather(conn):
            self.poller.unregister(sock)
            self.pending_conns.remove(conn)
            self._take_up(conn)

    def _take_up(self, conn: TConn) -> None:
        left = missing(conn.received)
        if left > 0:  # the client went away before it had said all
            self._drop(conn)
        elif left == 0:
            self._hand_over(conn)
        elif self._streams:
            self._stream(conn)
        else:
            self._queue.append(conn)

    def _hand_over(self, conn: TConn) -> None:
        conn.data_ready = True
        super().enqueue_req(conn)

    def _stream(self, conn: TConn) -> None:
        self._streams -= 1
        conn.streams = True
        self._hand_over(conn)

    def handle(self, conn: TConn) -> Any:
        """In a thread: let the parser read what is gathered, then what else comes."""
        conn.sock.setblocking(True)
        conn.init()
        if not isinstance(conn.parser.unreader, Straight):
            conn.parser.unreader = Straight(conn.sock)
        conn.parser.unreader.unread(bytes(conn.received))
        conn.received = bytearray()
        return super().handle(conn)

    def finish_request(self, conn: TConn, fs: Any) -> None:
        if conn.streams:
            conn.streams = False
            self._streams += 1
            if self._queue:
                self._stream(self._queue.popleft())
        if fs.exception() or not fs.result():
            self._leave(conn)
        else:
            super().finish_request(conn, fs)

    def _leave(self, conn: TConn) -> None:
        """Say that no more comes, and wait in the loop until the client has read that: to close with bytes of its
        unread would reset the connection, and take the end of the answer from it."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:  # it has gone already
            self._drop(conn)
            return
        conn.passed_over = 0
        conn.timeout = time.monotonic() + LINGER_TIMEOUT
        self._leaving.append(conn)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._on_left, conn))

    def _on_left(self, conn: TConn, sock: socket.socket) -> None:
        try:
            data = sock.recv(LINGER_LIMIT)
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            data = b""
        conn.passed_over += len(data)
        if not data or conn.passed_over >= LINGER_LIMIT:
            self._leaving.remove(conn)
            self.poller.unregister(sock)
            self._drop(conn)

    def murder_pending(self) -> None:
        """Close what takes too long; at the end of the worker, what is no whole request within a second."""
        while self._leaving and self._leaving[0].timeout <= time.monotonic():
            conn = self._leaving.popleft()
            self.poller.unregister(conn.sock)
            self._drop(conn)
        if not self.alive:
            for listener in self.sockets:  # or new clients would wait in its queue for nobody
                listener.close()
            for conn in self.pending_conns:
                conn.timeout = conn.began + 1.0
            while self._queue:
                self._drop(self._queue.popleft())
        super().murder_pending()

    def _drop(self, conn: TConn) -> None:
        self.nr_conns -= 1
        conn.close()


class Straight(SocketUnreader):  # type: ignore[misc]  # gunicorn has no types
    """Reads a body of known length without detours: just what is asked for, as it comes from the socket.

    gunicorn's own reads ahead, and copies what it has three times more; that took as long as writing it to the disk.
    """

    def __init__(self, sock: socket.socket) -> None:
        super().__init__(sock)
        # Wait until all that is asked for is there, or the timeout is over: what came until then is kept, and one more
        # timeout without a byte ends it. TLS hands out its records one by one.
        self._flags = 0 if isinstance(sock, ssl.SSLSocket) else socket.MSG_WAITALL

    def read(self, size: int | None = None, read_ahead: int | None = None) -> bytes:
        """As gunicorn's, which asks with a size and what is left of the body: `size` bytes, fewer only at the end."""
        if not size or size < 0 or read_ahead is None:
            data: bytes = super().read(size, read_ahead)
            return data
        held = self.take_buffered()
        if len(held) > size:
            self.unread(held[size:])
        parts, left = [held[:size]], size - len(held)
        while left > 0 and (part := self.sock.recv(left, self._flags)):
            parts.append(part)
            left -= len(part)
        return b"".join(filter(None, parts))  # one part alone is not copied


def _gather(conn: TConn) -> bool:
    """Take what has come; whether that is all there will be or need be in memory."""
    try:
        while missing(conn.received) > 0:
            data = conn.sock.recv(HEAD_LIMIT)
            if not data:
                return True
            conn.received += data
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def missing(received: bytes | bytearray) -> int:
    """Bytes that a request still lacks (1: unknown how many); 0: whole; -1: the rest is to be streamed."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return 1 if len(received) < HEAD_LIMIT else 0
    length = 0
    for line in bytes(received[:end]).split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        match name.strip().lower():
            case b"transfer-encoding" | b"expect":
                return -1
            case b"content-length" if value.strip().isdigit():
                length = int(value.strip()[:10])
    if length > BODY_LIMIT:
        return -1
    return max(0, end + 4 + length - len(received))
