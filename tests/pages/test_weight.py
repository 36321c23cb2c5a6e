"""What a first visit carries: style sheets within the limit on every page, and scripts only where they are used."""

import re
from pathlib import Path

import pytest

from issues.models import User
from tests.routes import PAGES, World, all_routes

pytestmark = pytest.mark.django_db
STATIC = Path(__file__).resolve().parents[2] / "static"
CSS_MAX = 30_000  # bytes of one page's style sheets, as they are written


def sheets(html: str) -> dict[str, int]:
    """The style sheets that a page loads by itself, and their bytes."""
    html = re.sub(r"<template.*?</template>", "", html, flags=re.DOTALL)
    names = re.findall(r'<link rel="stylesheet" href="/static/(css/\w+)\.\w+\.css">', html)
    return {name: (STATIC / f"{name}.css").stat().st_size for name in names}


@pytest.mark.parametrize(
    "route",
    [route for route in all_routes() if "GET" in PAGES.get(route.address, {})],
    ids=lambda route: route.address,
)
def test_the_styles_of_every_page_are_within_the_limit(client, route):
    html = client.get(route.path(World(member=User.objects.local())))
    loaded = sheets(html.text) if html["Content-Type"].startswith("text/html") and not html.streaming else {}

    assert sum(loaded.values()) < CSS_MAX, loaded


def test_the_board_loads_no_more_than_it_shows(client):
    html = client.get("/").text

    assert "htmx" not in re.sub(r'data-htmx="[^"]*"|hx-\w+|<meta name="htmx-config".*', "", html)
    assert set(sheets(html)) == {
        f"css/{name}" for name in ("tokens", "base", "components", "board", "filters")
    }
