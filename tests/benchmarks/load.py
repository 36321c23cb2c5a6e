"""A load generator in one process: keep-alive connections over epoll, every answer checked."""

import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

Request = bytes
Check = Callable[[int, bytes], bool]  # (status, body) → is it right?


@dataclass(slots=True)
class Result:
    """What one run of load measured."""

    seconds: float
    latencies: list[float] = field(default_factory=list)  # seconds
    wrong: int = 0
    example: bytes = b""

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
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.started = 0.0
        self.buffer = bytearray()
        self.expected = -1

    def send(self, request: Request) -> None:
        self.buffer.clear()
        self.expected = -1
        self.started = time.perf_counter()
        self.socket.sendall(request)

    def receive(self) -> tuple[int, bytes] | None:
        """Read what is there; the status and body once the answer is whole."""
        data = self.socket.recv(1 << 18)
        if not data:
            raise ConnectionError(f"closed by the server after {bytes(self.buffer[:200])!r}")
        self.buffer += data
        if self.expected < 0:
            end = self.buffer.find(b"\r\n\r\n")
            if end < 0:
                return None
            head = bytes(self.buffer[:end]).lower()
            at = head.index(b"content-length:") + len(b"content-length:")
            self.expected = end + 4 + int(head[at:].split(b"\r\n", 1)[0])
            self._body_at = end + 4
        if len(self.buffer) < self.expected:
            return None
        return int(self.buffer[9:12]), bytes(self.buffer[self._body_at :])


def run(
    ports: Sequence[int], connections: int, requests: Iterator[Request], check: Check, seconds: float
) -> Result:
    """Keep `connections` connections busy for `seconds`, spread evenly over `ports` (one server process each)."""
    selector = selectors.DefaultSelector()
    held = [_Connection(ports[n % len(ports)]) for n in range(connections)]
    result = Result(seconds)
    begin = time.perf_counter()
    for connection in held:
        selector.register(connection.socket, selectors.EVENT_READ, connection)
        connection.send(next(requests))
    busy = len(held)
    while busy:
        for key, _ in selector.select():
            connection = key.data
            answer = connection.receive()
            if answer is None:
                continue
            now = time.perf_counter()
            result.latencies.append(now - connection.started)
            if not check(*answer):
                result.wrong += 1
                result.example = result.example or answer[1][:300]
            if now - begin < seconds:
                connection.send(next(requests))
            else:
                selector.unregister(connection.socket)
                connection.socket.close()
                busy -= 1
    result.seconds = time.perf_counter() - begin
    return result
