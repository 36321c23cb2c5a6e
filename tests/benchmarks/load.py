"""A load generator in one process: keep-alive connections over epoll, every answer checked."""

import select
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

Request = bytes
Check = Callable[[int, bytes], bool]  # (status, body) → is it right?


@dataclass(slots=True)
class Result:
    """What one run of load measured, or several together."""

    seconds: float
    latencies: list[float] = field(default_factory=list)  # seconds
    wrong: int = 0
    example: bytes = b""

    def add(self, other: "Result") -> None:
        """Count another run as part of this one."""
        self.seconds += other.seconds
        self.latencies += other.latencies
        self.wrong += other.wrong
        self.example = self.example or other.example

    @property
    def rate(self) -> float:
        """Requests per second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency, in milliseconds, that `share` of the requests stayed under."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


class _Connection:
    def __init__(self, port: int) -> None:
        self.port = port
        self.open()
        self.started = 0.0
        self.buffer = bytearray(1 << 18)
        self.filled = self.expected = self.body_at = 0

    def open(self) -> None:
        self.socket = socket.create_connection(("127.0.0.1", self.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, request: Request) -> None:
        self.filled = self.expected = 0
        self.started = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> tuple[int, bytes] | None:
        """Read what is there; the status and body once the answer is whole."""
        if self.filled == len(self.buffer):
            self.buffer += bytes(len(self.buffer))
        with memoryview(self.buffer) as view:
            n = self.socket.recv_into(view[self.filled :])
        if not n:
            raise ConnectionError(f"closed by the server after {bytes(self.buffer[:200])!r}")
        self.filled += n
        if not self.expected:
            end = self.buffer.find(b"\r\n\r\n", 0, self.filled)
            if end < 0:
                return None
            head = self.buffer[:end].lower()
            at = head.index(b"content-length:") + len(b"content-length:")
            self.body_at = end + 4
            self.expected = self.body_at + int(head[at:].split(b"\r\n", 1)[0])
        if self.filled < self.expected:
            return None
        with memoryview(self.buffer) as view:
            return int(self.buffer[9:12]), bytes(view[self.body_at : self.expected])


def run(
    ports: Sequence[int],
    connections: int,
    requests: Iterator[Request],
    check: Check,
    seconds: float,
    *,
    anew: bool = False,
) -> Result:
    """Keep `connections` connections busy for `seconds`, spread evenly over `ports` (one server process each).

    With `anew` each request has a connection of its own, which is all that some servers know.
    What this costs itself is taken from the servers' two cores, so it does little: an answer that equals the last right
    one, byte by byte, is right.
    """
    poll = select.epoll()
    by_number: dict[int, _Connection] = {}

    def begin_with(connection: _Connection) -> None:
        number = connection.socket.fileno()
        by_number[number] = connection
        poll.register(number, select.EPOLLIN)
        connection.send(next(requests))

    result, right = Result(seconds), None
    begin = time.perf_counter()
    for n in range(connections):
        begin_with(_Connection(ports[n % len(ports)]))
    while by_number:
        for number, _ in poll.poll():
            connection = by_number[number]
            answer = connection.receive()
            if answer is None:
                continue
            now = time.perf_counter()
            result.latencies.append(now - connection.started)
            if answer != right:
                if check(*answer):
                    right = answer
                else:
                    result.wrong += 1
                    result.example = result.example or answer[1][:300]
            goes_on = now - begin < seconds
            if goes_on and not anew:
                connection.send(next(requests))
                continue
            poll.unregister(number)
            by_number.pop(number).socket.close()
            if goes_on:
                connection.open()
                begin_with(connection)
    poll.close()
    result.seconds = time.perf_counter() - begin
    return result
