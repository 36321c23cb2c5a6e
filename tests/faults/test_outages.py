"""PostgreSQL away, full or slow, and the server told to go: the answer is in time, and it is 503 or the right one."""

import contextlib
import threading
import time

import psycopg

from issuetracker.database import EmbeddedPostgres

from .conftest import Answer, Service, ask, figure, file_issue, until

READ_PATHS = ("/issues?limit=1", "/issues/metrics", "/", "/new")


def all_at_once(count: int, port: int, paths: tuple[str, ...] = READ_PATHS) -> list[Answer]:
    """So many requests at the same moment, spread over the paths."""
    answers: list[Answer] = []
    threads = [
        threading.Thread(target=lambda n=n: answers.append(ask(port, paths[n % len(paths)])), daemon=True)
        for n in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def test_while_postgresql_is_away_every_answer_is_503_in_time_and_it_comes_back_without_a_restart(
    serving: Service, postgres: EmbeddedPostgres
):
    stop = threading.Event()
    seen: list[tuple[float, Answer]] = []

    def keep_asking(n: int) -> None:
        while not stop.is_set():
            began = time.monotonic()
            path = READ_PATHS[n % len(READ_PATHS)]
            seen.append((began, ask(serving.port, path) if n else file_issue(serving.port, "In an outage")))
            time.sleep(0.01)

    threads = [threading.Thread(target=keep_asking, args=(n,), daemon=True) for n in range(6)]
    for thread in threads:
        thread.start()
    until(lambda: len(seen) > 30, 20, "requests under way")

    postgres.stop()
    away = time.monotonic()
    until(lambda: sum(began > away for began, _ in seen) > 150, 30, "150 answers meanwhile")
    returning = time.monotonic()
    postgres.start()
    back = time.monotonic()
    until(lambda: any(began > back and answer.status == 201 for began, answer in seen), 2, "a write again")
    until(lambda: len([1 for began, _ in seen if began > back + 0.1]) > 60, 20, "requests afterwards")
    stop.set()
    for thread in threads:
        thread.join(30)

    meanwhile = [answer for began, answer in seen if away < began < returning - 0.1]
    assert {answer.status for answer in meanwhile} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in meanwhile)
    assert max(answer.seconds for answer in meanwhile) < figure(1)
    assert {answer.status for _, answer in seen} <= {200, 201, 503}
    assert {answer.status for began, answer in seen if began > back + figure(2)} <= {200, 201}


def test_with_every_connection_taken_the_answer_is_the_page_or_503(
    serving: Service, postgres: EmbeddedPostgres
):
    with contextlib.ExitStack() as taken:
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                taken.enter_context(psycopg.connect(postgres.url))

        answers = all_at_once(40, serving.port)

        assert {answer.status for answer in answers} <= {200, 503}
        assert 503 in {answer.status for answer in answers}
        assert all("retry-after" in answer.headers for answer in answers if answer.status == 503)
        assert max(answer.seconds for answer in answers) < figure(5)

    until(lambda: {answer.status for answer in all_at_once(8, serving.port)} == {200}, 5, "all is well again")


def test_told_to_go_the_server_finishes_the_request_in_its_hands(
    serving: Service, postgres: EmbeddedPostgres
):
    issue = file_issue(serving.port, "Held").json["uuid"]
    answers: list[Answer] = []
    with psycopg.connect(postgres.url) as other:  # somebody holds the row, so the request takes its time
        other.execute("SELECT 1 FROM issues_issue WHERE uuid = %s FOR UPDATE", [issue])
        request = threading.Thread(
            target=lambda: answers.append(ask(serving.port, f"/issues/{issue}", "PATCH", {"status": "resolved"}))
        )  # fmt: skip
        request.start()
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        with psycopg.connect(postgres.url, autocommit=True) as watcher:
            until(lambda: watcher.execute(waiting).fetchone() != (0,), 10, "the request waits for the row")

        serving.process.terminate()
        told = time.monotonic()
        until(lambda: ask(serving.port, timeout=1).status == 0, 5, "nothing new is taken up")
        other.rollback()

    request.join(10)
    serving.process.wait(10)
    assert time.monotonic() - told < figure(10)
    assert serving.process.returncode == 0
    assert answers[0].status == 200
    assert answers[0].json["status"] == "resolved"


def test_a_backend_that_dies_in_the_middle_of_a_request_is_a_503_and_the_next_one_works(
    serving: Service, postgres: EmbeddedPostgres
):
    issue = file_issue(serving.port, "Cut off").json["uuid"]
    answers: list[Answer] = []
    with psycopg.connect(postgres.url) as other:
        other.execute("SELECT 1 FROM issues_issue WHERE uuid = %s FOR UPDATE", [issue])
        request = threading.Thread(
            target=lambda: answers.append(ask(serving.port, f"/issues/{issue}", "PATCH", {"status": "resolved"}))
        )  # fmt: skip
        request.start()
        kill = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE NOT granted"
        with psycopg.connect(postgres.url, autocommit=True) as watcher:
            until(lambda: watcher.execute(kill).fetchone(), 10, "the request waits for the row")
        request.join(10)

    assert answers[0].status == 503
    assert answers[0].headers["retry-after"]
    assert ask(serving.port, f"/issues/{issue}").json["status"] == "open"
    assert ask(serving.port, f"/issues/{issue}", "PATCH", {"status": "resolved"}).status == 200


def test_pages_too_have_words_for_it(serving: Service, postgres: EmbeddedPostgres):
    postgres.stop()

    for path in ("/issues", "/issues/metrics", "/", "/new", "/signin", "/no-such-page"):
        answer = ask(serving.port, path)

        if path in ("/signin", "/no-such-page") and answer.status in (200, 302, 404):
            continue  # asks the database nothing, and so need not know
        assert answer.status == 503, path
        assert answer.headers["retry-after"], path
        assert b"database does not answer" in answer.body, path
