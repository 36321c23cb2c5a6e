"""What is in a file is shown: on the issue, on its card, and on a page of its own."""

import io
import json
import re
import zipfile

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from issues.evidence import pdf_pages
from issues.models import Attachment, FileKind, Issue, Reading
from issues.pages.cards import cards
from issues.tasks import read_evidence
from tests.factories import make_attachment, make_issue

pytestmark = pytest.mark.django_db
CSV = b"time_s,str_b_v,temp_c\n" + b"".join(
    b"%d,%d.%d,21\n" % (k, 22 if 60 <= k < 70 else 28, k % 3) for k in range(200)
)
PLOT = json.dumps(
    [
        {
            "type": "plot",
            "file": "telemetry.csv",
            "columns": ["str_b_v"],
            "limits": [{"value": 24, "label": "Limit"}],
        }
    ]
)


def made(name="telemetry.csv", content=CSV):
    file = make_attachment(name=name, content=content)
    read_evidence(file.pk)
    return file


def view(client, file, query=""):
    response = client.get(f"/file/{file.uuid}/view{query}")
    return response, response.content.decode()


def test_the_most_telling_column_stands_beside_the_claim(client):
    file = made()
    issue = make_issue(attachments=[file.uuid], description=PLOT)

    page = client.get(issue.get_absolute_url()).content.decode()

    assert 'class="chart"' in page
    assert "The extreme is 22 V at 60 s. Limit 24 V is crossed." in page
    assert "200 rows, 1 Hz" in page
    assert page.count('class="chart"') == 1  # the block's own place says where it is


def test_a_card_carries_the_trace_of_the_first_file_that_has_one():
    issue = make_issue(attachments=[made("a.txt", b"words").uuid, made().uuid])
    bare = make_issue()

    assert 'class="trace"' in cards([(issue.pk, issue.version)])
    assert 'class="trace"' not in cards([(bare.pk, bare.version)])


def test_reading_a_file_makes_a_new_version_but_is_no_change():
    file = make_attachment(content=CSV)
    issue = make_issue(attachments=[file.uuid], at=timezone.now())
    before = Issue.objects.get(pk=issue.pk)

    read_evidence(file.pk)

    after = Issue.objects.get(pk=issue.pk)
    assert (after.version, after.changed_at) == (before.version + 1, before.changed_at)


class TestFilePage:
    def test_a_stretch_of_chosen_columns(self, client):
        file = made()

        _, whole = view(client, file)
        _, part = view(client, file, "?from=55&to=75&column=0")

        assert whole.count('class="wide"') == whole.count('class="narrow"') == 2
        assert part.count('class="chart"') == 2  # one for wide pages, one for phones
        assert "between 55 s and 76 s" in part

    def test_the_table_has_every_column_that_is_drawn_and_by_script_only_the_plot_is_answered(self, client):
        file = made()

        page = client.get(f"/file/{file.uuid}/view?from=58&to=62", headers={"HX-Request": "true"}).text

        assert page.startswith('<section class="stack stretch" id="stretch"')
        assert '<th scope="col">str_b_v, V</th><th scope="col">temp_c, °C</th>' in page
        assert '<th class="num" scope="row">60 s</th><td class="num">22</td><td class="num">21</td>' in page

    def test_a_moment_names_a_place_on_a_clock(self, client):
        rows = "".join(f"2026-11-20T22:00:{k:02}Z,{k}\n" for k in range(60))
        file = made("clock.csv", f"time,v\n{rows}".encode())

        _, page = view(client, file, "?from=2026-11-20T22:00:10Z&to=2026-11-20T22:00:20")

        assert "shown from <b>2026-11-20 22:00:10 UTC</b> to <b>2026-11-20 22:00:20 UTC</b>" in page
        assert 'value="2026-11-20T22:00:10Z"' in page

    def test_labels_of_small_numbers_have_room(self, client):
        rows = "".join(f"{k},{1e-5 + (2e-4 if 30 < k < 40 else 0):.6f}\n" for k in range(60))

        _, page = view(client, made("leak.csv", f"time_s,p\n{rows}".encode()))

        assert 'data-left="57"' in page

    @pytest.mark.parametrize("name", ["telemetry.csv", "run.log"])
    def test_a_file_missing_from_the_store_is_said(self, client, name):
        file = made(name)
        reading = Reading.objects.get(attachment=file)
        for key in (file.file.name, reading.prepared):
            if key:
                file.file.storage.delete(key)

        response, page = view(client, file)

        assert response.status_code == 200
        assert "missing from the store" in page

    @pytest.mark.parametrize(
        "query",
        [
            "?from=9&to=1",
            "?from=nan&to=inf",
            "?from=x",
            "?column=99999999999999999999",
            "?column=²",
            "?from=-1e308&to=1e308",
            "?from=2026-11-20T22:00:10Z",
            "?column=" + "9" * 5000,
        ],
    )
    def test_nonsense_in_the_address_shows_everything(self, client, query):
        response, page = view(client, made(), query)

        assert response.status_code == 200
        assert "between 0 s and 199 s" in page

    def test_a_table_that_cannot_be_drawn_shows_its_rows_and_the_reason(self, client):
        _, page = view(client, made(content=b"name,state\nvalve <1>,open\nvalve 2,shut\n"))

        assert "No column holds numbers" in page
        assert "valve &lt;1&gt;" in page

    def test_any_window_of_a_text(self, client):
        file = made("run.log", b"".join(b"line %d <b>\n" % k for k in range(1, 3001)))

        _, page = view(client, file, "?line=2500")

        assert "line 2500 &lt;b&gt;" in page
        assert "line 2499 " not in page
        assert view(client, file, "?line=99999999999999999")[0].status_code == 200

    def test_an_image_without_its_metadata(self, client):
        out = io.BytesIO()
        Image.new("RGB", (900, 600)).save(out, "PNG")
        file = made("rig.png", out.getvalue())

        small, large = (client.get(f"/file/{file.uuid}/preview{q}") for q in ("", "?large"))

        assert [Image.open(io.BytesIO(r.getvalue())).size for r in (small, large)] == [(384, 256), (900, 600)]
        assert small.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"

    def test_the_list_of_an_archive_and_the_bytes_of_anything_else(self, client):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as archive:
            archive.writestr("../<evil>.csv", "1")

        assert "../&lt;evil&gt;.csv" in view(client, made("a.zip", out.getvalue()))[1]
        assert "43 52 43" in view(client, made("capture.bin", b"CRC\x00\x01"))[1]

    def test_one_that_waits_says_how_far_it_is(self, client):
        file = make_attachment(content=CSV)
        Reading.objects.get(attachment=file).begin()
        Reading.objects.get(attachment=file).advance(40)

        assert client.get(f"/file/{file.uuid}/reading").content.decode() == "Reading telemetry.csv, 40 %"
        assert "Reading telemetry.csv, 40 %" in view(client, file)[1]
        read_evidence(file.pk)
        assert client.get(f"/file/{file.uuid}/reading").status_code == 204

    @pytest.mark.parametrize("what", ["view", "preview", "reading"])
    def test_of_nothing_is_404(self, client, what):
        assert client.get(f"/file/0199d1c2-0000-7000-8000-000000000000/{what}").status_code == 404


def test_a_page_named_as_an_image_runs_nothing(client):
    file = made("x.png", b"<html><script>alert(1)</script>")

    assert Reading.objects.get(attachment=file).kind == FileKind.OTHER
    assert client.get(f"/file/{file.uuid}").headers["Content-Disposition"].startswith("attachment")


class TestTheFigureOfAnIssue:
    def test_another_column_has_its_own_words_and_the_tabs_stay_in_their_order(self, client):
        issue = make_issue(attachments=[made().uuid], description=PLOT)
        at = issue.get_absolute_url()

        page, piece = client.get(f"{at}?column=1").text, client.get(f"{at}/figure?column=1").text

        for html in (page, piece):
            assert "temp_c in telemetry.csv" in html
            assert "Limit 24 V" not in html.partition('id="figure"')[2].partition("</figure>")[0]
            assert html.index("?column=0#") < html.index("?column=1#")

    @pytest.mark.parametrize("column", ["9", "-1", "x", "", "9" * 30, "²"])
    def test_a_column_that_is_not_there_is_the_most_telling_one(self, client, column):
        issue = make_issue(attachments=[made().uuid])

        response = client.get(f"{issue.get_absolute_url()}/figure", {"column": column})

        assert (response.status_code, "str_b_v in telemetry.csv" in response.text) == (200, True)

    def test_every_file_that_can_be_drawn_is_offered_with_its_columns(self, client):
        first, again, words = made(), made(content=CSV.replace(b"str_b_v", b"bus_v")), made("a.txt", b"words")
        issue = make_issue(attachments=[first.uuid, again.uuid, words.uuid], description=PLOT)
        at = issue.get_absolute_url()

        pages = [client.get(f"{at}{way}?file={again.uuid}").text for way in ("", "/figure")]

        for page in pages:
            figure = page.partition('id="figure"')[2].partition("</figure>")[0]
            assert "bus_v in telemetry.csv" in figure
            assert "Limit 24 V" in figure  # of two files of one name the block means the last
            assert re.findall(r'data-figure="file=([0-9a-f-]+)"', figure) == [
                str(first.uuid),
                str(again.uuid),
            ]
            assert f'data-figure="file={again.uuid}&amp;column=1"' in figure
        assert f'id="open-plot" href="/file/{again.uuid}/view"' in pages[0]
        other = client.get(f"{at}/figure", {"file": str(first.uuid), "column": "1"}).text
        assert "temp_c in telemetry.csv" in other

    @pytest.mark.parametrize("file", ["x", "", "0199d1c2-0000-7000-8000-000000000000", "9" * 40])
    def test_a_file_that_is_not_there_is_the_first_one(self, client, file):
        issue = make_issue(attachments=[made().uuid])

        response = client.get(f"{issue.get_absolute_url()}/figure", {"file": file})

        assert (response.status_code, "str_b_v in telemetry.csv" in response.text) == (200, True)
        assert "Files" not in response.text

    def test_an_issue_without_data_has_none(self, client):
        assert client.get(f"{make_issue().get_absolute_url()}/figure").status_code == 404

    def test_a_tile_says_why_its_file_cannot_be_shown_and_a_pdf_opens_in_a_new_tab(self, client):
        broken, pdf = made("run.csv", b"words\n"), made("r.pdf", b"%PDF-1.4 no")
        issue = make_issue(attachments=[broken.uuid, pdf.uuid])
        Reading.objects.filter(attachment=pdf).update(kind=FileKind.PDF, state="ready", facts={"pages": 2})

        page = client.get(issue.get_absolute_url()).text

        assert "run.csv cannot be shown.</b> " + Reading.objects.get(attachment=broken).reason[:20] in page
        assert 'target="_blank" rel="noopener" title="r.pdf"' in page
        assert "opens in a new tab" in page


def test_a_picture_for_a_text_is_kept_and_answers_with_its_address(client, settings):
    answer = client.post("/file", {"files": SimpleUploadedFile("plot.png", b"\x89PNG")})

    attachment = Attachment.objects.get()
    assert (answer.status_code, answer.text) == (201, attachment.get_absolute_url())
    assert client.post("/file", {}).status_code == 422
    two = [SimpleUploadedFile("a.png", b"a"), SimpleUploadedFile("b.png", b"b")]
    assert client.post("/file", {"files": two}).status_code == 422
    settings.UPLOAD_LIMIT = 10
    large = client.post("/file", {"files": SimpleUploadedFile("plot.png", b"x" * 11)})
    assert (large.status_code, large.text[:7]) == (413, "At most")
    assert large["Content-Type"].startswith("text/plain")
    assert Attachment.objects.count() == 1


class TestThePagesOfAPdf:
    COLORS = ("#ff0000", "#00ff00", "#0000ff")

    @pytest.fixture
    def report(self):
        """Three pages, each of one color."""
        out = io.BytesIO()
        first, *others = [Image.new("RGB", (600, 800), color) for color in self.COLORS]
        first.save(out, "PDF", save_all=True, append_images=others)
        return made("report.pdf", out.getvalue())

    def color(self, response) -> str:
        with Image.open(io.BytesIO(b"".join(response))) as picture:
            return "#" + "".join("ff" if part > 127 else "00" for part in picture.getpixel((100, 100)))

    def test_are_leafed_through_by_links(self, client, report):
        pages, query = [], ""
        for _ in self.COLORS:
            _, page = view(client, report, query)
            pages.append(re.search(r"Page \d of \d", page)[0])
            found = re.search(r'href="(\?page=\d)" rel="next"', page)
            query = found[1] if found else ""

        assert pages == ["Page 1 of 3", "Page 2 of 3", "Page 3 of 3"]
        assert query == ""
        assert 'href="?page=2" rel="prev"' in page

    def test_are_drawn_as_they_are_asked_for(self, client, report):
        _, page = view(client, report, "?page=3")
        source = re.search(r'class="picture page" src="([^"]+)"', page)[1]

        response = client.get(source)

        assert (response["Content-Type"], self.color(response)) == ("image/webp", "#0000ff")
        assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
        again = client.get(source, headers={"If-None-Match": response["ETag"]})
        assert again.status_code == 304
        assert self.color(client.get(f"/file/{report.uuid}/preview?page=2")) == "#00ff00"

    def test_there_is_always_one_to_show(self, client, report):
        for asked, shown in [("0", 1), ("-1", 1), ("x", 1), ("²", 1), ("99", 3), ("9" * 20, 1)]:
            assert f"Page {shown} of 3" in view(client, report, f"?page={asked}")[1], asked
            picture = client.get(f"/file/{report.uuid}/preview?page={asked}")
            assert self.color(picture) == self.COLORS[shown - 1], asked

    def test_what_cannot_be_drawn_is_not_there(self, client, report):
        Reading.objects.update(facts={"pages": 4})

        assert client.get(f"/file/{report.uuid}/preview?page=4").status_code == 404

    def test_wait_for_each_other_and_not_for_long(self, client, report, monkeypatch):
        monkeypatch.setattr(pdf_pages, "PATIENCE", 0.01)
        with pdf_pages.in_turn():
            response = client.get(f"/file/{report.uuid}/preview?page=2")

        assert (response.status_code, response["Retry-After"]) == (503, "5")
        assert client.get(f"/file/{report.uuid}/preview?page=2").status_code == 200

    def test_a_page_of_what_is_no_pdf_is_not_there(self, client):
        assert client.get(f"/file/{made().uuid}/preview?page=2").status_code == 404
