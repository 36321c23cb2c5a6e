"""`make screenshot`: pictures of the running copy, or the reason why there are none."""

from urllib.parse import urlsplit

import pytest
from django.core.management import CommandError, call_command
from PIL import Image


def test_pictures_are_taken_of_the_copy_that_runs(base_url, monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("PORT", str(urlsplit(base_url).port))

    call_command("screenshot", to=tmp_path)

    sizes = {path.name: Image.open(path).size for path in tmp_path.glob("*.png")}
    assert sizes["board-light.png"] == sizes["board-dark.png"] == (1440, 900)
    assert sizes["board-phone.png"][1] == 844
    light, dark = (
        Image.open(tmp_path / f"board-{kind}.png").convert("L").getpixel((2, 2)) for kind in ("light", "dark")
    )
    assert light > 200 > 60 > dark


def test_without_a_browser_it_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CommandError, match="apt-get install chromium"):
        call_command("screenshot", to=tmp_path / "pictures")
