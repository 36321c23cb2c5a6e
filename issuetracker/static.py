"""Static files: compressed, named by their hashes, and so are the modules that our modules import."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFiles(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Without hashed imports, `import "./app.js"` would load a module that the page has under its hashed name again."""

    # Django's own patterns, but for our modules only: in a package's file they match words of a comment.
    patterns = (
        *CompressedManifestStaticFilesStorage.patterns,
        ("js/*.js", CompressedManifestStaticFilesStorage._js_module_import_aggregation_patterns[1]),
    )
