"""The colours of DESIGN.md hold WCAG 2.2 AA in both themes, and the four statuses stay apart for every kind of eye.

Everything is read from the stylesheets, so that a colour changed there is checked here.
"""

import math
import re
from itertools import combinations, product
from pathlib import Path

import pytest

CSS = Path(__file__).resolve().parent.parent / "static" / "css"
TOKENS_CSS = (CSS / "tokens.css").read_text()
THEMES = {"light": 0, "dark": 1}
TEXT, GRAPHIC = 4.5, 3.0  # the ratios that WCAG asks of text, and of what must be seen to be used
STATUSES = ("open", "prog", "done", "rej", "none")
GROUNDS = ("bg", "paper", "raised", "sunken", "hover")
SHEETS = ("bg", "paper", "raised")

Colour = tuple[float, float, float]  # linear light, 0 to 1
Pair = tuple[str, str, float]


def from_hex(value: str) -> Colour:
    channels = (int(value[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels
    )
    return red, green, blue


def encoded(colour: Colour) -> Colour:
    """As the screen gets it: sRGB with its curve, rounded to 256 steps."""
    red, green, blue = (
        round(255 * (12.92 * c if c <= 0.0031308 else 1.055 * c ** (1 / 2.4) - 0.055)) / 255
        for c in (min(1.0, max(0.0, c)) for c in colour)
    )
    return red, green, blue


def to_hex(colour: Colour) -> str:
    return "#" + "".join(f"{round(255 * c):02x}" for c in encoded(colour))


def mixed(over: Colour, under: Colour, share: float) -> Colour:
    """`color-mix(in srgb, over share, under)`."""
    steps = (
        round(255 * (share * a + (1 - share) * b)) for a, b in zip(encoded(over), encoded(under), strict=True)
    )
    return from_hex("#" + "".join(f"{step:02x}" for step in steps))


def from_oklch(lightness: float, chroma: float, hue: float) -> Colour:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    colour = (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )
    return from_hex(to_hex(colour))  # as it is shown


def read_tokens() -> dict[str, tuple[Colour, Colour]]:
    """Every colour by its name, light and dark, with those that the stylesheet mixes from others."""
    both = re.findall(r"--([\w-]+):\s*light-dark\((#[0-9a-fA-F]{6}),\s*(#[0-9a-fA-F]{6})\)", TOKENS_CSS)
    tokens = {name: (from_hex(light), from_hex(dark)) for name, light, dark in both}
    share = re.search(r"--soft: color-mix\(in srgb, var\(--fill\) (\d+)%, var\(--paper\)\)", TOKENS_CSS)
    assert share, "The soft grounds are mixed in another way now: teach this test."
    for name in (*STATUSES, "bad"):
        fill, paper = tokens["bad" if name == "bad" else f"{name}-fill"], tokens["paper"]
        light, dark = (mixed(fill[n], paper[n], int(share[1]) / 100) for n in (0, 1))
        tokens[f"{name}-soft"] = light, dark
    avatar = re.search(r"\.av \{[^}]*\}", (CSS / "components.css").read_text())
    assert avatar, "There is no .av any more: teach this test."
    shades = re.findall(r"oklch\((\.\d+) (\.\d+) var\(--h\)\)", avatar[0])
    hues = re.findall(r"\.a(\d) \{ --h: (\d+); \}", TOKENS_CSS)
    assert (len(shades), len(hues)) == (4, 6)
    for number, hue in hues:
        ground_light, ground_dark, text_light, text_dark = (
            from_oklch(float(lightness), float(chroma), float(hue)) for lightness, chroma in shades
        )
        tokens[f"av{number}"] = ground_light, ground_dark
        tokens[f"av{number}-text"] = text_light, text_dark
    return tokens


TOKENS = read_tokens()
# Foreground, ground, ratio: every pair that pages use.
PAIRS: list[Pair] = [
    *((text, ground, TEXT) for text, ground in product(("ink", "ink-2", "ink-3", "link", "bad"), GROUNDS)),
    *(("focus", ground, GRAPHIC) for ground in GROUNDS),
    *(("edge", ground, GRAPHIC) for ground in SHEETS),
    *(("accent", ground, GRAPHIC) for ground in SHEETS),
    *((f"{status}-text", ground, TEXT) for status, ground in product(STATUSES, SHEETS)),
    *((f"{status}-fill", ground, GRAPHIC) for status, ground in product(STATUSES, SHEETS)),
    *((f"{status}-text", f"{status}-soft", TEXT) for status in STATUSES),
    *(("on", ground, TEXT) for ground in ("accent", "accent-2", "bad-fill")),
    *((text, "sel", TEXT) for text in ("ink", "ink-2", "ink-3", "link", "open-text", "prog-text")),
    *((text, "bad-soft", TEXT) for text in ("ink", "bad")),
    *((text, "inv", TEXT) for text in ("inv-text", "inv-text-2", "inv-accent")),
    *((f"av{number}-text", f"av{number}", TEXT) for number in range(1, 7)),
]


def ratio(one: Colour, other: Colour) -> float:
    """WCAG's contrast ratio, 1 to 21."""
    dark, light = sorted(0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in (one, other))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", THEMES)
def test_every_pair_has_the_contrast_it_needs(theme):
    too_low = []
    for foreground, ground, needed in PAIRS:
        got = ratio(TOKENS[foreground][THEMES[theme]], TOKENS[ground][THEMES[theme]])
        if got < needed:
            too_low.append(f"{foreground} on {ground}: {got:.2f}, needs {needed}")

    assert too_low == []
    assert len(PAIRS) == 91


def test_the_ratio_is_the_one_that_wcag_defines():
    assert ratio(from_hex("#000000"), from_hex("#ffffff")) == pytest.approx(21)
    assert ratio(from_hex("#777777"), from_hex("#ffffff")) == pytest.approx(4.48, abs=0.005)


# How people without one kind of cone see linear light (Machado, Oliveira, Fernandes 2009, severity 1).
SIGHTS = {
    "full": ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}  # fmt: skip
APART = 12  # in Lab; below that two statuses look like one


def lab(colour: Colour, sight: str) -> Colour:
    """CIE Lab of a colour as somebody with this sight sees it."""
    red, green, blue = (
        min(1.0, max(0.0, sum(part * channel for part, channel in zip(row, colour, strict=True))))
        for row in SIGHTS[sight]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883
    fx, fy, fz = (n ** (1 / 3) if n > 0.008856 else 7.787 * n + 16 / 116 for n in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)


@pytest.mark.parametrize("sight", SIGHTS)
@pytest.mark.parametrize("theme", THEMES)
def test_the_four_statuses_stay_apart(theme, sight):
    fills = {name: lab(TOKENS[f"{name}-fill"][THEMES[theme]], sight) for name in STATUSES if name != "none"}

    distance, one, other = min((math.dist(fills[a], fills[b]), a, b) for a, b in combinations(fills, 2))

    assert distance >= APART, f"{one} and {other}: {distance:.1f}"
