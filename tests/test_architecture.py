"""The drawing in README.md, "The layers", held by a test: which way imports go, and that only verbs write."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from issues.models import EventKind

PROJECT = Path(__file__).resolve().parent.parent
ISSUES = PROJECT / "issues"

# Each layer, and what of `issues` it may import besides itself.
ARROWS = {
    "blocks": set(),
    "evidence": {"blocks", "models"},
    "tasks": {"api", "evidence", "models"},
    "models": {"blocks"},
    "fragments": set(),
    "search": {"models"},
    "hits": {"fragments", "models"},
    "queries": {"fragments", "hits", "models", "search"},
    "listing": {"hits", "models", "queries", "search"},
    "changes": {"models"},
    "export": {"models", "queries"},
    "similar": {"models"},
    "metrics": {"fragments", "models", "queries", "search"},
    "input": {"models", "blocks"},
    "api": {"queries", "search", "fragments", "metrics", "evidence", "blocks", "models", "input"},
    "pages": {
        "changes",
        "export",
        "hits",
        "listing",
        "similar",
        "queries",
        "search",
        "fragments",
        "metrics",
        "evidence",
        "blocks",
        "models",
        "input",
    },
}
# The domain knows nothing of HTTP, templates or forms.
FORBIDDEN_BELOW = ("django.http", "django.shortcuts", "django.template", "django.forms", "django.urls")
WRITES = {
    "save",
    "create",
    "bulk_create",
    "update",
    "bulk_update",
    "delete",
    "get_or_create",
    "update_or_create",
}


def modules() -> Iterator[Path]:
    for path in sorted(ISSUES.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path


def layer(path: Path) -> str:
    return path.relative_to(ISSUES).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, by its absolute name; relative imports are resolved."""
    package = path.relative_to(PROJECT).with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            yield module
            yield from (f"{module}.{name.name}" for name in node.names)


@pytest.mark.parametrize(
    "path", [p for p in modules() if layer(p) in ARROWS], ids=lambda p: str(p.relative_to(ISSUES))
)
def test_imports_follow_the_arrows(path):
    allowed = ARROWS[layer(path)] | {layer(path)}

    reached = {
        name.split(".")[1]
        for name in imports(path)
        if name.startswith("issues.") and name != "issues.models.ids"
    }

    assert {name for name in reached if name in ARROWS} <= allowed


@pytest.mark.parametrize(
    "path", [p for p in modules() if layer(p) in ("models", "blocks", "fragments", "metrics")], ids=str
)
def test_the_domain_knows_no_front_end(path):
    assert [name for name in imports(path) if name.startswith(FORBIDDEN_BELOW)] == []


@pytest.mark.parametrize(
    "path",
    [p for p in modules() if layer(p) in ("pages", "api", "queries", "metrics", "evidence", "input")],
    ids=lambda p: str(p.relative_to(ISSUES)),
)
def test_only_verbs_write(path):
    """No front end calls a writing method on a manager or query set: `X.objects.….create(…)` and its like."""
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in WRITES:
            chain = ast.unparse(node.func.value)
            if ".objects" in chain or chain.endswith((".events", ".comments", ".reactions")):
                found.append(f"{node.lineno}: {ast.unparse(node.func)}")
    assert found == []


def test_every_kind_of_event_has_its_words():
    missing = [kind for kind in EventKind.values if not (PROJECT / f"templates/events/{kind}.html").is_file()]

    assert missing == []


@pytest.mark.django_db
def test_the_migrations_say_what_the_models_say():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_the_tree_is_the_one_that_was_drawn():
    fixed = {
        "manage.py",
        "pyproject.toml",
        "README.md",
        "issuetracker",
        "issues",
        "templates",
        "static",
        "tests",
    }

    assert {name for name in fixed if not (PROJECT / name).exists()} == set()
