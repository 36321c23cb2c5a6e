"""Static files are made once for what they are made of, and anew when that changes or something is missing."""

import json
import re
from pathlib import Path

import pytest
from django.core.management import call_command

SOURCES = {
    "css/base.css": "body { margin: 0 }\n" * 50,
    "js/app.js": 'import { press } from "./keys.js";\npress();\n' + "// why\n" * 50,
    "js/keys.js": "export const press = () => {};\n" * 50,
}


@pytest.fixture
def source(tmp_path):
    for name, text in SOURCES.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "source"


@pytest.fixture
def collect(settings, source, tmp_path):
    """Collect, as a new process would; when each collected file was last written, by its name."""
    root = tmp_path / "collected"
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]

    def collect(*arguments: str) -> dict[str, int]:
        settings.STATIC_ROOT = root  # Django then forgets the storage that it had
        call_command("collectstatic", "--noinput", *arguments, verbosity=0)
        return {str(path.relative_to(root)): path.stat().st_ctime_ns for path in root.rglob("*.*")}

    return collect


def manifest(root: Path) -> dict[str, str]:
    """The hashed name of each file."""
    return json.loads((root / "staticfiles.json").read_text())["paths"]


def test_the_same_files_are_not_made_again(collect):
    first = collect()
    assert len(first) == 3 * (1 + 1 + 4) + 2  # plain, hashed, and either of them compressed in two ways
    assert collect() == first


def test_a_changed_file_gets_a_new_name_and_so_does_what_imports_it(collect, source, tmp_path):
    collect()
    before = manifest(tmp_path / "collected")
    (source / "js" / "keys.js").write_text("export const press = () => 1;\n" * 50)
    names = collect()
    after = manifest(tmp_path / "collected")

    assert after["js/keys.js"] != before["js/keys.js"]
    assert after["js/app.js"] != before["js/app.js"]
    assert after["css/base.css"] == before["css/base.css"]
    assert {f"{name}.br" for name in after.values()} <= names.keys()


@pytest.mark.parametrize("lost", ["manifest", "file"])
def test_what_is_missing_is_made_again(collect, tmp_path, lost):
    collect()
    root = tmp_path / "collected"
    path = root / ("staticfiles.json" if lost == "manifest" else manifest(root)["css/base.css"])
    path.unlink()
    collect()
    assert path.exists()


def test_a_making_that_was_broken_off_is_taken_up_again(collect, source, tmp_path):
    collect()
    (source / "css" / "base.css").write_text("@import url('gone.css');")
    with pytest.raises(Exception, match=r"gone\.css"):
        collect()
    (source / "css" / "base.css").write_text(SOURCES["css/base.css"])
    (tmp_path / "collected" / manifest(tmp_path / "collected")["css/base.css"]).write_text("half of it")
    collect()

    assert (tmp_path / "collected" / manifest(tmp_path / "collected")["css/base.css"]).read_text() == SOURCES[
        "css/base.css"
    ]


def test_told_to_clear_it_makes_all_of_them(collect):
    first = collect()
    again = collect("--clear")
    assert again.keys() == first.keys()
    assert all(again[name] > first[name] for name in first)


def test_our_modules_import_each_other_by_their_hashed_names(settings):
    root = Path(settings.STATIC_ROOT)
    paths = manifest(root)
    for name, hashed in paths.items():
        if name.startswith("js/"):
            imported = re.findall(
                r"""(?:from |import |import\()["']\./([^"']+)["']""", (root / hashed).read_text()
            )
            assert {f"js/{path}" for path in imported} <= set(paths.values()), name


def test_only_what_pages_load_comes_of_the_packages(settings):
    packages = {name for name in manifest(Path(settings.STATIC_ROOT)) if "htmx" in name}
    assert packages == {"django_htmx/htmx-2.min.js", "django_htmx/django-htmx.js"}
