"""Pages go out compressed to whoever takes it, and are the same pages."""

import gzip

import pytest
from django.templatetags.static import static

from tests.factories import make_issue

pytestmark = pytest.mark.django_db


def test_a_page_is_the_same_compressed_and_much_smaller(client):
    for _ in range(5):
        make_issue()
    client.get("/")
    plain = client.get("/api/docs")
    packed = client.get("/api/docs", headers={"Accept-Encoding": "gzip, br"})

    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(gzip.decompress(packed.content)) == len(plain.content)
    assert int(packed.headers["Content-Length"]) == len(packed.content) < len(plain.content) / 3
    assert "Accept-Encoding" in packed.headers["Vary"]


def test_its_length_does_not_tell_how_well_it_compressed(client):
    lengths = {len(client.get("/api/docs", headers={"Accept-Encoding": "gzip"}).content) for _ in range(20)}

    assert max(lengths) - min(lengths) > 20


def test_json_stays_as_it_is(client):
    for _ in range(5):
        make_issue()

    assert "Content-Encoding" not in client.get("/issues", headers={"Accept-Encoding": "gzip"}).headers


def test_static_files_are_for_this_site_alone_and_a_picture_among_them_runs_nothing(client):
    style, picture = (client.get(f"/static/{name}") for name in ("css/base.css", "icon.svg"))

    for answer in (style, picture):
        assert answer.status_code == 200
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Content-Security-Policy" not in style.headers  # twenty files of a first visit do without
    assert picture.headers["Content-Security-Policy"].startswith("sandbox")


@pytest.mark.parametrize("coding", ["br", "gzip"])
def test_static_files_are_compressed_by_what_a_browser_takes(client, coding):
    address = static("css/tokens.css")

    plain = client.get(address)
    squeezed = client.get(address, headers={"Accept-Encoding": f"deflate, {coding}"})

    assert squeezed.headers["Content-Encoding"] == coding
    assert int(squeezed.headers["Content-Length"]) < int(plain.headers["Content-Length"]) / 2
    assert "immutable" in squeezed.headers["Cache-Control"]
    squeezed.close()
    plain.close()
