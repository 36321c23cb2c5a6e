"""Static files: compressed, named by their hashes, and so are the modules that our modules import."""

import hashlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.contrib.staticfiles.apps import StaticFilesConfig
from whitenoise.storage import CompressedManifestStaticFilesStorage


class UsedStaticFiles(StaticFilesConfig):
    """The staticfiles app, which passes over what no page of ours loads: other releases of htmx, and its extensions."""

    ignore_patterns = (*StaticFilesConfig.ignore_patterns, "htmax-*", "htmx-4*", "htmx-2.js", "ext")


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Without hashed imports, `import "./app.js"` would load a module that the page has under its hashed name again."""

    # Django's own patterns, but for our modules only: in a package's file they match words of a comment.
    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )
    made_of_name = "made-of.txt"  # beside the manifest: what the collected files were made of

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._addresses: dict[str, str] = {}

    def url(self, name: str | None, force: bool = False) -> str:
        """The address of a file; looked up once, as the manifest is read once."""
        if name is None or force:
            return str(super().url(name, force))
        if name not in self._addresses:
            self._addresses[name] = super().url(name)
        return self._addresses[name]

    def post_process(
        self, paths: dict[str, Any], dry_run: bool = False, **options: Any
    ) -> Iterator[tuple[str, str | None, Any]]:
        """Hash and compress what was collected, unless the same was done with the very same files before.

        It takes four seconds, most of them Brotli's, and Django removes each file for a moment that others may be
        asking for. A start that changes nothing does neither.
        """
        note, made_of = Path(self.path(self.made_of_name)), _made_of(paths)
        is_made = note.exists() and note.read_text() == made_of
        is_there = len(self.hashed_files) == len(paths) and all(map(self.exists, self.hashed_files.values()))
        if dry_run or (is_made and is_there):
            return
        note.unlink(missing_ok=True)
        yield from super().post_process(paths, dry_run, **options)
        note.write_text(made_of)


def _made_of(paths: dict[str, Any]) -> str:
    """The hash of all that the hashed and compressed files depend on: their originals, and who makes them."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for maker in ("django", "whitenoise", "brotli"):
        digest.update(version(maker).encode())
    for name, (storage, path) in sorted(paths.items()):
        with storage.open(path) as original:
            digest.update(f"{name}\0".encode() + hashlib.sha256(original.read()).digest())
    return digest.hexdigest()
