"""What gunicorn's parser gets of a connection: each body whole, and nothing of what follows it."""

import socket

from gunicorn.http.body import Body, LengthReader
from hypothesis import given
from hypothesis import strategies as st

from issuetracker.worker import Straight

BODY = bytes(range(256)) * 40


@given(
    st.integers(0, len(BODY)),  # how much of it was gathered with the head
    st.integers(0, len(BODY)),  # how long it is; the rest is the next request
    st.lists(st.integers(1, 5000), min_size=1),  # how much is asked for at a time, over and over
)
def test_a_body_is_read_in_any_steps_and_what_follows_is_left(gathered, length, steps):
    client, server = socket.socketpair()
    with client, server:
        client.sendall(BODY[gathered:])
        client.shutdown(socket.SHUT_WR)
        unreader = Straight(server)
        unreader.unread(BODY[:gathered])
        body, read = Body(LengthReader(unreader, length)), []
        while part := body.read(steps[len(read) % len(steps)]):
            read.append(part)
        rest = b"".join(iter(unreader.read, b""))

    assert b"".join(read) == BODY[:length]
    assert all(len(part) == steps[n % len(steps)] for n, part in enumerate(read[:-1]))
    assert rest == BODY[length:]


def test_a_body_that_breaks_off_is_what_came():
    client, server = socket.socketpair()
    with client, server:
        client.sendall(b"as far as it")
        client.close()
        body = Body(LengthReader(Straight(server), 1000))

        assert body.read(600) == b"as far as it"
        assert body.read(600) == b""
