"""What a first visit carries: style sheets within the limit on every page, and scripts only where they are used."""

import re
from pathlib import Path

import pytest

from issues.models import User
from issues.templatetags.modules import modules
from tests.factories import make_issue
from tests.routes import PAGES, World, all_routes

pytestmark = pytest.mark.django_db
STATIC = Path(__file__).resolve().parents[2] / "static"
CSS_MAX = 30_000  # bytes of one page's style sheets, as they are written


def sheets(html: str) -> dict[str, int]:
    """The style sheets that a page loads by itself, and their bytes."""
    html = re.sub(r"<template.*?</template>", "", html, flags=re.DOTALL)
    names = re.findall(r'<link rel="stylesheet" href="/static/(css/\w+)\.\w+\.css">', html)
    return {name: (STATIC / f"{name}.css").stat().st_size for name in names}


def test_the_styles_of_every_page_are_within_the_limit(client):
    world = World(member=User.objects.local())
    heavy, weighed = {}, 0
    for route in all_routes():
        if "GET" not in PAGES.get(route.address, {}):
            continue
        answer = client.get(route.path(world))
        if answer.streaming or not answer["Content-Type"].startswith("text/html"):
            continue
        loaded = sheets(answer.text)
        weighed += bool(loaded)
        if sum(loaded.values()) >= CSS_MAX:
            heavy[route.address] = loaded

    assert weighed > 20
    assert heavy == {}


def test_the_board_loads_no_more_than_it_shows(client):
    html = client.get("/").text

    for page in (html, client.get("/list").text, client.get("/dashboard").text):
        assert "htmx" not in re.sub(r'data-htmx="[^"]*"|hx-\w+|<meta name="htmx-config".*', "", page)
    assert set(sheets(html)) == {
        f"css/{name}" for name in ("tokens", "base", "components", "board", "filters")
    }


@pytest.mark.parametrize("path", ["/", "/list", "/new", "/dashboard", "/FND-1"])
def test_whatever_a_script_imports_is_fetched_with_it(client, path):
    if path == "/FND-1":
        path = make_issue().get_absolute_url()
    html = client.get(path).text

    named = re.findall(r'(?:modulepreload" href|<script src)="/static/(js/[\w-]+)\.\w+\.js"', html)
    imported = {
        f"js/{other}"
        for name in named
        for other in re.findall(
            r'(?:from|^import) "\./([\w-]+)\.js"', (STATIC / f"{name}.js").read_text(), re.MULTILINE
        )
    }

    assert len(named) == len(set(named)) > 2
    assert imported < set(named)


def test_a_script_that_is_not_there_is_a_mistake_of_the_template():
    with pytest.raises(LookupError, match=r"js/nothing\.js"):
        modules("js/nothing.js")
