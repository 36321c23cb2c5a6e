"""What every test stands on: a real PostgreSQL (embedded unless DATABASE_URL says otherwise) and real files."""

import gc
import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import django.core.management.commands.flush
import django.test.client
import procrastinate
import pytest
import pytest_django
from django.core.management import call_command, commands
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test.client import ClientHandler

from issues.api.wsgi import Application
from tests import server

if TYPE_CHECKING:
    from tests.bucket import Bucket  # boto3 takes a second, and few tests need it

PROJECT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """Pages name static files by their hashes, so these have to be there: once, before any xdist worker starts."""
    if not hasattr(config, "workerinput"):
        call_command("collectstatic", verbosity=0, interactive=False)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Starting a server that speaks S3 takes as long as most of what is asked of it: one process has one."""
    for item in items:
        if "bucket_server" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("bucket"))


def pytest_collection_finish() -> None:
    """What is there now stays to the end: looking through it again and again for garbage took a seventh of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def django_db_modify_db_settings_parallel_suffix(
    request: pytest.FixtureRequest, django_db_blocker: pytest_django.DjangoDbBlocker
) -> None:
    """One database a process: the xdist worker's name, and a suffix of one's own for runs side by side."""
    from django.conf import settings

    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    own = os.environ.get("PYTEST_DB_SUFFIX", "")
    suffix = "_".join(part for part in (own, worker) if part)
    database = settings.DATABASES["default"]
    test = database.setdefault("TEST", {})
    test["NAME"] = f"test_{database['NAME']}" + (f"_{suffix}" if suffix else "")
    with django_db_blocker.unblock():
        test["TEMPLATE"] = _migrated_template()


def _migrated_template() -> str:
    """A database with every migration applied, made once for these migrations: test databases are copies of it."""
    from django.db import connection

    digest = hashlib.sha256(f"{django.__version__} {procrastinate.__version__}".encode())
    for path in sorted((PROJECT / "issues" / "migrations").glob("0*.py")):
        digest.update(path.read_bytes())
    template = f"migrated_{digest.hexdigest()[:16]}"
    with connection._nodb_cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_lock(464)"
        )  # held until this connection ends: one process makes it
        cursor.execute("SELECT datname FROM pg_database WHERE datname LIKE 'migrated\\_%'")
        there = [name for (name,) in cursor.fetchall()]
        if template not in there:
            for old in there:
                cursor.execute(f"DROP DATABASE {old} WITH (FORCE)")
            cursor.execute("CREATE DATABASE migrated_half")
            real, connection.settings_dict["NAME"] = connection.settings_dict["NAME"], "migrated_half"
            try:
                call_command("migrate", verbosity=0, interactive=False)
            finally:
                connection.close()
                connection.settings_dict["NAME"] = real
            cursor.execute(f"ALTER DATABASE migrated_half RENAME TO {template}")
    return template


@pytest.fixture(autouse=True, scope="session")
def quick_flush() -> Iterator[None]:
    """Tests with transactions of their own leave rows behind. DELETE clears small tables in 1 ms; TRUNCATE takes 50.

    What Django keeps of its models (25 ms to write anew) stays: no test changes it. PostgreSQL goes on to expect as many
    rows as a table once had, so large ones are truncated, and so is the one whose estimates decide what is found alike.
    """
    stay = {"django_content_type", "auth_permission"}
    truncate = DatabaseOperations.sql_flush

    def flush(
        operations: DatabaseOperations, style: object, tables: Sequence[str], **options: Any
    ) -> list[str]:
        tables = [table for table in tables if table not in stay]
        with operations.connection.cursor() as cursor:
            cursor.execute("SELECT max(pg_relation_size(name)) FROM unnest(%s::text[]) name", [tables])
            [size] = cursor.fetchone()
        if size > 64 * 1024:
            return truncate(operations, style, tables, **options)
        rows = [f"DELETE FROM {operations.quote_name(table)}" for table in tables]
        rows.append("TRUNCATE issues_searchtext")
        # Without triggers, foreign keys ask for no order.
        return ["SET session_replication_role = replica", *rows, "SET session_replication_role = origin"]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DatabaseOperations, "sql_flush", flush)
        patch.setattr(commands.flush, "emit_post_migrate_signal", lambda *_, **__: None)
        yield


class OneApplication(ClientHandler, Application):
    """What test clients call is what gunicorn calls, made once.

    Otherwise each client would load the middleware for itself, and WhiteNoise look through all static files: 60 ms each
    time. (No middleware reads at its making what a test changes.)
    """

    loaded: ClassVar[dict[str, Any]] = {}

    def load_middleware(self, is_async: bool = False) -> None:
        if not self.loaded:
            super().load_middleware(is_async)
            self.loaded.update(vars(self))
        for name, value in self.loaded.items():
            vars(self).setdefault(name, value)


@pytest.fixture(autouse=True, scope="session")
def one_application() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(django.test.client, "ClientHandler", OneApplication)
        yield


@pytest.fixture(autouse=True)
def own_files(settings: object, tmp_path: Path) -> None:
    """Uploads of a test go to its own folder."""
    incoming = tmp_path / "files" / "incoming"
    incoming.mkdir(parents=True)
    settings.MEDIA_ROOT = tmp_path / "files"  # type: ignore[attr-defined]
    settings.FILE_UPLOAD_TEMP_DIR = incoming  # type: ignore[attr-defined]


@pytest.fixture(scope="session")
def live_url(django_db_modify_db_settings_parallel_suffix: None) -> Iterator[str]:
    """A database for the services below. Tests on them share it: mark them `xdist_group("live")`."""
    from django.conf import settings

    database = settings.DATABASES["default"]
    with server.database(database, database["TEST"]["TEMPLATE"]) as url:
        yield url


@pytest.fixture(scope="session")
def live(live_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Server]:
    """The service as in production, on a real socket."""
    with server.server(live_url, tmp_path_factory.mktemp("live")) as running:
        running.manage("create_user", "ada@example.com", "--administrator", "--no-password")
        yield running


@pytest.fixture(scope="session")
def live_token(live: server.Server) -> str:
    return live.token("ada@example.com")


@pytest.fixture(scope="session")
def local(live_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[server.Server]:
    """The service in local mode, as `make run` starts it."""
    with server.server(live_url, tmp_path_factory.mktemp("local"), ISSUETRACKER_LOCAL="1") as running:
        yield running


@pytest.fixture(scope="session")
def bucket_server() -> Iterator["Bucket"]:
    from tests import bucket

    with bucket.server() as running:
        yield running


@pytest.fixture
def bucket(bucket_server: "Bucket", settings: object) -> Iterator["Bucket"]:
    """An empty bucket into which new files go; those on the disk are found, too."""
    settings.STORAGES = bucket_server.storages("s3")  # type: ignore[attr-defined]
    yield bucket_server
    bucket_server.empty()


@pytest.fixture
def production(settings: object) -> None:
    """Not local mode: nobody is signed in until they sign in, and the API asks for a token."""
    settings.LOCAL = False  # type: ignore[attr-defined]
